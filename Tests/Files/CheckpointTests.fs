module SynthSae.Tests.CheckpointTests

open System
open System.IO
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Compute.Training
open SynthSae.Tests
open Xunit

let private state identity steps =
    { Identity = identity
      Steps = steps
      Samples = 10L * steps
      StepsSinceFired = [| int steps; 0 |]
      Arrays =
        Map
            [ "matrix", StateArray.Matrix(Matrix.init 2 3 (fun i j -> float32 (i - j) / 7.0f))
              "vector", StateArray.Vector [| nanf; -0.0f |]
              "double", StateArray.Double([ 2; 1 ], [| 1.0 / 3.0; infinity |]) ] }

let private checkpoint steps =
    { Trainers = [ state "this" steps ]
      Run = $"{{\"é\": {steps}}}" }

let private write (folder: TemporaryFolder) keep steps =
    Checkpoint.write folder.Path keep (checkpoint steps)

let private latest (folder: TemporaryFolder) =
    Checkpoint.latest folder.Path [ "this" ]

let private stepsOf (found: LatestCheckpoint) = found.Checkpoint |> Option.map _.Steps

[<Fact>]
let ``the newest checkpoint comes back to the bit`` () =
    use folder = new TemporaryFolder()
    Assert.Equal(None, stepsOf (latest folder))

    for steps in [ 9L; 10L; 100L ] do
        write folder 5 steps

    let found = latest folder
    Assert.Equal(Some 100L, stepsOf found)
    Assert.Empty found.Skipped

    // What is written again is the same file.
    use again = new TemporaryFolder()
    Checkpoint.write again.Path 1 found.Checkpoint.Value

    Assert.Equal<byte>(
        File.ReadAllBytes(Checkpoint.file folder.Path 100L),
        File.ReadAllBytes(Checkpoint.file again.Path 100L)
    )

[<Fact>]
let ``only the last ones are kept, and nothing else is touched`` () =
    use folder = new TemporaryFolder()
    File.WriteAllText(folder.File "step-x.safetensors", "")

    for steps in 1L .. 12L do
        write folder 2 steps

    Assert.Equal<int64 list>([ 12L; 11L ], Checkpoint.steps folder.Path)
    Assert.Equal(3, Directory.GetFiles(folder.Path).Length)

[<Fact>]
let ``those later than the one just written go: nobody went on from them`` () =
    use folder = new TemporaryFolder()

    for steps in [ 1L; 2L; 3L ] do
        write folder 5 steps

    write folder 2 2L
    Assert.Equal<int64 list>([ 2L; 1L ], Checkpoint.steps folder.Path)

[<Fact>]
let ``a damaged checkpoint is passed over, with its file and a reason`` () =
    use folder = new TemporaryFolder()
    write folder 2 1L
    write folder 2 2L
    let file = Checkpoint.file folder.Path 2L
    let intact = File.ReadAllBytes file

    Property.forAll (Damage.of' intact) (fun damaged ->
        File.WriteAllBytes(file, damaged)
        let found = latest folder

        if damaged.AsSpan().SequenceEqual(ReadOnlySpan intact) then
            stepsOf found = Some 2L
        else
            let path, problem = Assert.Single found.Skipped
            stepsOf found = Some 1L && path = file && problem <> "")

[<Fact>]
let ``each changed byte is noticed`` () =
    use folder = new TemporaryFolder()
    write folder 2 2L
    let file = Checkpoint.file folder.Path 2L
    let intact = File.ReadAllBytes file

    for place in 0 .. intact.Length - 1 do
        let damaged = Array.copy intact
        damaged[place] <- damaged[place] ^^^ 1uy
        File.WriteAllBytes(file, damaged)
        Assert.Equal(None, stepsOf (latest folder))

[<Fact>]
let ``a checkpoint of another run is passed over`` () =
    use folder = new TemporaryFolder()
    write folder 2 1L
    let found = Checkpoint.latest folder.Path [ "that" ]
    Assert.Equal(None, stepsOf found)
    Assert.Contains("another specification", snd (Assert.Single found.Skipped))

[<Fact>]
let ``any safetensors file of that name is refused in a line`` () =
    use folder = new TemporaryFolder()
    Safetensors.write (Checkpoint.file folder.Path 3L) [] [ "x", Tensor.vector [| 1.0f |] ]
    let found = latest folder
    Assert.Equal(None, stepsOf found)
    Assert.Contains("is not a checkpoint", snd (Assert.Single found.Skipped))

[<Fact>]
let ``a checkpoint of several SAEs is one file, which gives each its own back`` () =
    use folder = new TemporaryFolder()

    // More than ten: "1." is not the beginning of "11.".
    let own i =
        { state $"sae {i}" 7L with
            StepsSinceFired = Array.create (1 + i) i
            Arrays = Map [ "vector", StateArray.Vector [| float32 i |] ] }

    let trainers = List.init 12 own
    Checkpoint.write folder.Path 1 { Trainers = trainers; Run = "all" }
    let identities = trainers |> List.map _.Identity
    let found = (Checkpoint.latest folder.Path identities).Checkpoint.Value
    Assert.Equal<TrainerState list>(trainers, found.Trainers)

    for others in [ [ "sae 0" ]; List.rev identities; identities @ [ "sae 12" ] ] do
        Assert.Equal(None, stepsOf (Checkpoint.latest folder.Path others))
