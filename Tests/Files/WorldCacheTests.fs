module SynthSae.Tests.WorldCacheTests

open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Spec
open FsCheck.FSharp
open System
open System.IO
open System.Threading.Tasks
open Xunit

let private spec =
    { SyntheticModelSpec.create 50 10 with
        Orthogonalization = Some { NumSteps = 2; Lr = 0.01; ChunkSize = 1024 }
        Hierarchy =
            Some(
                Hierarchy.Generated
                    { TotalRootNodes = 5
                      BranchingFactor = BranchingFactor.Fixed 3
                      MaxDepth = 1
                      MutuallyExclusivePortion = 1.0
                      MutuallyExclusiveMinDepth = 0
                      MutuallyExclusiveMaxDepth = None
                      CompensateProbabilities = true
                      ScaleChildrenByParent = false }
            )
        // Rows beyond a variance of 0.99 are capped: the world has a warning.
        Correlation = Correlation.LowRank(10, 0.4)
        StdFiringMagnitudes = Magnitude.FoldedNormal(0.5, 0.5, None, None) }

let private valid spec =
    match SyntheticModelSpec.validate spec with
    | Ok valid -> valid
    | Error errors -> failwith $"{errors}"

let private backend = Backend.Cpu 2

let private get (folder: string) spec =
    WorldCache.getOrCompile (Some folder) backend (valid spec)

let private same (a: World) (b: World) =
    SameWorld.arrays a b
    Assert.Equal(a.Spec, b.Spec)
    Assert.Equal<string list>(a.Warnings, b.Warnings)

[<Fact>]
let ``a world is compiled once and then read, the same to the bit`` () =
    use folder = new TemporaryFolder()
    let compiled = WorldCompiler.compile backend (valid spec)
    Assert.NotEmpty compiled.Warnings
    let file = WorldCache.entry folder.Path backend (valid spec)
    let first, outcome = get folder.Path spec
    Assert.Equal(CacheOutcome.Stored file, outcome)
    same compiled first
    let second, outcome = get folder.Path spec
    Assert.Equal(CacheOutcome.Hit file, outcome)
    same compiled second
    Assert.Equal<string>([| file |], Directory.GetFileSystemEntries folder.Path)

[<Fact>]
let ``every kind of model comes back`` () =
    use folder = new TemporaryFolder()
    let small = { spec with NumFeatures = 6; Hierarchy = None }

    let kinds =
        [ { small with Correlation = Correlation.Independent }
          { small with
              Correlation =
                  Correlation.RandomMatrix
                      { PositiveRatio = 0.5
                        UncorrelatedRatio = 0.3
                        MinStrength = 0.1
                        MaxStrength = 0.8
                        Seed = None } }
          { small with
              Dictionary = Dictionary.MutuallyOrthogonal
              Orthogonalization = None }
          { small with
              FiringProbability = FiringProbability.Explicit [| 0.1; 0.2; 0.3; 0.4; 0.5; 0.6 |] }
          { small with Bias = 0.0 } ]

    for kind in kinds do
        let compiled, outcome = get folder.Path kind

        Assert.Equal(
            CacheOutcome.Stored(WorldCache.entry folder.Path backend (valid kind)),
            outcome
        )

        let found, outcome = get folder.Path kind
        Assert.Equal(CacheOutcome.Hit(WorldCache.entry folder.Path backend (valid kind)), outcome)
        same compiled found

[<Fact>]
let ``what changes the world changes the entry, and nothing else does`` () =
    let entry backend spec =
        WorldCache.entry "" backend (valid spec)

    let original = entry backend spec

    for other in
        [ { spec with Seed = Some 1L }
          { spec with Bias = 0.25 }
          { spec with Orthogonalization = None }
          { spec with HiddenDim = 11 }
          { spec with MeanFiringMagnitudes = Magnitude.Constant 2.0 } ] do
        Assert.NotEqual<string>(original, entry backend other)

    Assert.NotEqual<string>(original, entry Backend.Reference spec)
    Assert.Equal(original, entry (Backend.Cpu 7) spec)
    Assert.Equal(original, entry backend { spec with Seed = Some 0L })
    let chunks = Some { NumSteps = 2; Lr = 0.01; ChunkSize = 5 }
    Assert.Equal(original, entry backend { spec with Orthogonalization = chunks })

[<Fact>]
let ``damage anywhere never yields another world`` () =
    use folder = new TemporaryFolder()
    let compiled, _ = get folder.Path spec
    let file = WorldCache.entry folder.Path backend (valid spec)
    let intact = File.ReadAllBytes file
    let mutable rebuilt = 0

    let damage =
        Gen.zip3 (Gen.choose (0, intact.Length - 1)) (Gen.choose (1, 255)) (Gen.choose (0, 9))

    Property.forAll damage (fun (place, change, cut) ->
        let bytes = Array.copy intact
        bytes[place] <- bytes[place] ^^^ byte change
        File.WriteAllBytes(file, (if cut = 0 then Array.truncate place bytes else bytes))
        let world, outcome = get folder.Path spec
        same compiled world

        match outcome with
        | CacheOutcome.Rebuilt _ ->
            rebuilt <- rebuilt + 1
            Assert.Equal<byte>(intact, File.ReadAllBytes file)
        | CacheOutcome.Hit _ -> ()
        | other -> failwith $"{other}"

        true)

    Assert.True(rebuilt > 90, $"only {rebuilt} of 100 damages were found")

[<Fact>]
let ``a damaged number is found and reported`` () =
    use folder = new TemporaryFolder()
    let compiled, _ = get folder.Path spec
    let file = WorldCache.entry folder.Path backend (valid spec)
    let bytes = File.ReadAllBytes file
    bytes[bytes.Length - 100] <- bytes[bytes.Length - 100] ^^^ 1uy
    File.WriteAllBytes(file, bytes)
    let world, outcome = get folder.Path spec
    Assert.Equal(CacheOutcome.Rebuilt(file, "does not match its checksum"), outcome)
    same compiled world
    let _, outcome = get folder.Path spec
    Assert.Equal(CacheOutcome.Hit file, outcome)

[<Fact>]
let ``an entry of another model is not taken`` () =
    use folder = new TemporaryFolder()
    let other = { spec with Seed = Some 5L }
    get folder.Path other |> ignore
    let file = WorldCache.entry folder.Path backend (valid spec)
    File.Copy(WorldCache.entry folder.Path backend (valid other), file)
    let world, outcome = get folder.Path spec
    Assert.Equal(CacheOutcome.Rebuilt(file, "is of another model"), outcome)
    same (WorldCompiler.compile backend (valid spec)) world

[<Fact>]
let ``a cache that cannot be written does not stop the work`` () =
    // Not even root makes files there.
    let world, outcome = get "/proc/self/fdinfo" spec
    same (WorldCompiler.compile backend (valid spec)) world

    match outcome with
    | CacheOutcome.NotStored(file, reason) ->
        Assert.Equal(WorldCache.entry "/proc/self/fdinfo" backend (valid spec), file)
        Assert.StartsWith("cannot be written: ", reason)
    | other -> failwith $"{other}"

[<Fact>]
let ``many at once get the same world and leave one file`` () =
    use folder = new TemporaryFolder()
    let worlds = Array.zeroCreate 8
    let work i = worlds[i] <- get folder.Path spec

    Parallel.For(0, worlds.Length, ParallelOptions(MaxDegreeOfParallelism = 8), work)
    |> ignore

    for world, outcome in worlds do
        same (fst worlds[0]) world

        match outcome with
        | CacheOutcome.Stored _
        | CacheOutcome.Hit _ -> ()
        | other -> failwith $"{other}"

    let file = WorldCache.entry folder.Path backend (valid spec)
    Assert.Equal<string>([| file |], Directory.GetFileSystemEntries folder.Path)

[<Fact>]
let ``directions that are given come back although they are too long for a header`` () =
    use folder = new TemporaryFolder()

    let spec =
        { SyntheticModelSpec.create 60 60 with
            Dictionary =
                Dictionary.Given
                    [| for i in 0..59 -> [| for j in 0..59 -> 1.0f / float32 (1 + i + j) |] |] }

    let compiled, _ = get folder.Path spec
    let found, outcome = get folder.Path spec
    Assert.Equal(CacheOutcome.Hit(WorldCache.entry folder.Path backend (valid spec)), outcome)
    same compiled found
    let file = FileInfo(WorldCache.entry folder.Path backend (valid spec))
    Assert.True(file.Length < 20_000L, $"{file.Length} bytes")

[<Fact>]
let ``the compiler makes the worlds that this version of the cache holds`` () =
    let world = WorldCompiler.compile Backend.Reference (valid spec)

    let sum crc (matrix: Matrix) =
        Checksum.crc32cOf crc (Span<float32>.op_Implicit matrix.Span)

    let found = sum (sum 0u world.Dictionary) world.Factor

    let hint =
        "the compiler's results have changed: raise WorldCache.FormatVersion, then this number"

    Assert.True((found = 0xD40176E8u), $"{hint} (0x{found:X8}u)")

[<Fact>]
let ``the default folder is named by the user's environment`` () =
    let folder = WorldCache.defaultFolder ()
    Assert.True(Path.IsPathFullyQualified folder)
    Assert.EndsWith(Path.Combine("synthsae", "worlds"), folder)
