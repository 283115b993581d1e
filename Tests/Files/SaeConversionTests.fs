module SynthSae.Tests.SaeConversionTests

open System
open System.IO
open System.Text
open System.Text.Json.Nodes
open FsCheck.FSharp
open Xunit
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Spec

/// Check something on a hundred random SAEs of all kinds, naming the one that fails.
let private forEach (check: Sae -> int -> unit) =
    let kinds, seeds = Gen.elements RandomSaes.kinds, Gen.choose (0, 1_000_000)

    Property.forAll (Gen.zip kinds seeds) (fun ((name, kind), seed) ->
        try
            check (RandomSaes.create kind seed) seed
        with error ->
            raise (Exception($"{name}, seed {seed}: {error.Message}", error))

        true)

let private isBatch (sae: Sae) = sae.Activation.IsBatchTopK

let private thresholds (sae: Sae) seed =
    let random = Random(seed + 2)

    match isBatch sae, sae.Refinement with
    | true, Some _ -> { Final = random.NextDouble(); First = random.NextDouble() }
    | true, None -> { Final = random.NextDouble(); First = 0.0 }
    | _ -> RunningThresholds.Zero

/// Settings of training that such an SAE may have come from.
let private spec (sae: Sae) : SaeSpec =
    let family rescale =
        { SaeSpec.topKFamily with
            RescaleActsByDecoderNorm = rescale
            AuxK = SaeSpec.auxK 0.0 }

    let coefficient = { Value = 1.0; WarmUpSteps = 0<step> }

    let architecture =
        match sae.Activation with
        | Activation.Relu -> SaeArchitecture.Standard { L1 = coefficient; LpNorm = 1.0 }
        | Activation.TopK(k, rescale) -> SaeArchitecture.TopK(k, family rescale)
        | Activation.AbsTopK(k, rescale) -> SaeArchitecture.AbsTopK(k, family rescale)
        | Activation.BatchTopK(k, rescale) -> SaeArchitecture.BatchTopK(k, 0.01, family rescale)
        | Activation.Gated _ -> SaeArchitecture.Gated { L1 = coefficient }
        | Activation.Pursuit limits ->
            SaeArchitecture.MatchingPursuit
                { ResidualThreshold = limits.ResidualThreshold
                  MaxIterations = Some limits.MaxIterations
                  StopOnDuplicateSupport = limits.StopOnDuplicateSupport }
        | Activation.JumpRelu _ ->
            SaeArchitecture.JumpRelu
                { InitThreshold = 0.1
                  Bandwidth = 0.05
                  Sparsity = JumpReluSparsity.Step
                  L0 = coefficient
                  PreActLossCoefficient = None
                  Parameter = ThresholdParameter.Log
                  StraightThrough = false
                  AuxK = SaeSpec.auxK 0.0 }

    { SaeSpec.create sae.Latents architecture with
        DIn = Some sae.Dim
        ApplyBDecToInput = sae.ApplyDecoderBiasToInput
        ListaEta = sae.Refinement |> Option.map _.Eta
        Normalization =
            match sae.Scaling with
            | InputScaling.None -> ActivationNormalization.None
            | InputScaling.ConstantNorm -> ActivationNormalization.ConstantNorm
            | InputScaling.LayerNorm -> ActivationNormalization.LayerNorm }

/// JumpReLU is not trained with a correction: the inference form of a BatchTopK with one has it.
let private trainable (sae: Sae) =
    match sae.Activation with
    | Activation.JumpRelu _ -> { sae with Refinement = None }
    | _ -> sae

let private writeTraining path (sae: Sae) seed =
    SaeFolder.writeTraining path (JsonObject()) (spec sae) (thresholds sae seed) sae

let private target form =
    { Form = form; Fold = false; Architecture = None }

let private inference = target SaeForm.Inference

let private training = target SaeForm.Training

let private convert target source destination =
    snd (SaeConversion.convert target source destination false)

let private sameBits (a: Matrix) (b: Matrix) =
    Assert.True(a.Span.SequenceEqual b.Span)

/// The same latents and reconstructions to the bit.
let private sameOutput backend (expected: Sae) (found: Sae) seed =
    let x = RandomSaes.batch expected seed
    let f, y = RandomSaes.run backend expected x
    let f', y' = RandomSaes.run backend found x
    sameBits f f'
    sameBits y y'

// ---- there and back ----------------------------------------------------------------------------

[<Fact>]
let ``an inference form is read as it was written, and written again to the byte`` () =
    use folder = new TemporaryFolder()
    let first, second = folder.File "first", folder.File "second"

    let bytes folder name =
        File.ReadAllBytes(Path.Combine(folder, name))

    forEach (fun sae _ ->
        if not (isBatch sae) then
            SaeFolder.write first (JsonObject()) sae
            let found = SaeFolder.read first
            SameSae.check sae found.Sae
            SameSae.check sae found.Inference
            Assert.Equal(SaeForm.Inference, found.Config.Form)
            SaeFolder.write second (JsonObject()) found.Sae

            for name in [ SaeFolder.ConfigFile; SaeFolder.WeightsFile ] do
                Assert.Equal<byte>(bytes first name, bytes second name))

[<Fact>]
let ``a training form is read as it was written, with its settings`` () =
    use folder = new TemporaryFolder()

    forEach (fun sae seed ->
        let sae = trainable sae
        writeTraining folder.Path sae seed
        let found = SaeFolder.read folder.Path
        SameSae.check sae found.Sae
        Assert.Equal(thresholds sae seed, found.Thresholds)
        Assert.Equal(SaeForm.Training, found.Config.Form)

        match SaeSpec.ofJson found.Config.Text with
        | Ok read -> Assert.Equal(spec sae, read)
        | Error errors -> failwith $"{errors}")

// ---- the same output ---------------------------------------------------------------------------

[<Fact>]
let ``every form of an SAE has the same latents and reconstructions`` () =
    use folder = new TemporaryFolder()

    forEach (fun sae seed ->
        let sae = trainable sae
        let root = folder.File $"{Guid.NewGuid()}"
        let path name = Path.Combine(root, name)
        writeTraining (path "given") sae seed
        convert training (path "given") (path "again") |> ignore
        SameSae.check sae (SaeFolder.read (path "again")).Sae
        convert inference (path "again") (path "used") |> ignore
        let used = (SaeFolder.read (path "used")).Sae
        SameSae.check (SaeFolder.read (path "given")).Inference used
        // BatchTopK by its threshold is another selection.
        if not (isBatch sae) then
            sameOutput (Backend.Cpu 1) sae used seed
            sameOutput Backend.Reference sae used seed

        if Fold.scalable sae then
            convert { inference with Fold = true } (path "used") (path "unit") |> ignore
            let unit = (SaeFolder.read (path "unit")).Sae
            Assert.All(Fold.decoderNorms unit.Decoder, fun norm -> Assert.Equal(1.0f, norm))
            let x = RandomSaes.batch sae seed
            let f, y = RandomSaes.run (Backend.Cpu 1) used x
            let f', y' = RandomSaes.run (Backend.Cpu 1) unit x
            let norm = if used.Activation.Rescales then [||] else Fold.decoderNorms used.Decoder

            let scaled =
                Matrix.init f.Rows f.Cols (fun i j ->
                    if norm.Length > 0 then f[i, j] * norm[j] else f[i, j])

            sameBits scaled f'
            sameBits y y'

        Directory.Delete(root, true))

[<Fact>]
let ``BatchTopK in inference form keeps what is above its threshold`` () =
    use folder = new TemporaryFolder()

    forEach (fun sae seed ->
        if isBatch sae && sae.Refinement.IsNone then
            writeTraining folder.Path sae seed
            let found = SaeFolder.read folder.Path
            let x = RandomSaes.batch sae seed
            let backend = Backend.Cpu 1
            let kept, _ = RandomSaes.run backend found.Inference x
            let rescale = sae.Activation.Rescales
            let largest = Activation.BatchTopK(float sae.Latents, rescale)
            let all, _ = RandomSaes.run backend { sae with Activation = largest } x
            let threshold = float32 found.Thresholds.Final

            for row in 0 .. x.Rows - 1 do
                for j in 0 .. sae.Latents - 1 do
                    let expected = if all[row, j] > threshold then all[row, j] else 0.0f
                    Assert.Equal(expected, kept[row, j]))

[<Fact>]
let ``the factor of the inputs is folded in exactly`` () =
    use folder = new TemporaryFolder()

    forEach (fun sae seed ->
        let sae = { trainable sae with Scaling = InputScaling.None }

        let unscaled =
            { spec sae with
                Normalization = ActivationNormalization.ExpectedAverage }

        SaeFolder.writeTraining folder.Path (JsonObject()) unscaled (thresholds sae seed) sae
        SaeFolder.writeInputScale folder.Path 4.0
        let found = SaeFolder.read folder.Path
        Assert.Equal(4.0, found.InputScale)
        SameSae.check sae found.Sae
        let x = RandomSaes.batch sae seed
        let scaled = Matrix.init x.Rows x.Cols (fun i j -> 4.0f * x[i, j])
        let frozen = Fold.inference found.Thresholds.Final found.Thresholds.First sae
        let _, expected = RandomSaes.run (Backend.Cpu 1) frozen scaled
        let _, y = RandomSaes.run (Backend.Cpu 1) found.Inference x
        sameBits expected (Matrix.init y.Rows y.Cols (fun i j -> 4.0f * y[i, j])))

[<Fact>]
let ``a checkpoint with a factor of the inputs keeps it in the training form`` () =
    use folder = new TemporaryFolder()
    let sae = trainable (RandomSaes.create (fun _ _ -> Activation.Relu) 3)
    let sae = { sae with Scaling = InputScaling.None }

    let scaled =
        { spec sae with
            Normalization = ActivationNormalization.ExpectedAverage }

    let source, copy = folder.File "source", folder.File "copy"
    SaeFolder.writeTraining source (JsonObject()) scaled RunningThresholds.Zero sae

    let error = Assert.Throws<BadInput>(fun () -> SaeFolder.read source |> ignore)
    Assert.Contains("expected_average_only_in", error.problem)
    Assert.Contains("fold it into the weights", error.problem)

    SaeFolder.writeInputScale source 0.5
    convert training source copy |> ignore
    let found = SaeFolder.read copy
    Assert.Equal(0.5, found.InputScale)
    SameSae.check sae found.Sae

    let conversion = convert inference source (folder.File "used")
    Assert.Contains("the factor 0.5 of the inputs is folded into the weights", conversion.Changes)

// ---- another architecture ----------------------------------------------------------------------

[<Fact>]
let ``standard and gated SAEs have the same output as jumprelu`` () =
    use folder = new TemporaryFolder()
    let wanted = { inference with Architecture = Some "jumprelu" }
    let mutable compared = 0

    forEach (fun sae seed ->
        let isGated = sae.Activation.IsGated

        if isGated || sae.Activation.IsRelu then
            let root = folder.File $"{Guid.NewGuid()}"
            let source, result = Path.Combine(root, "source"), Path.Combine(root, "result")
            let sae = { sae with Scaling = InputScaling.None }
            SaeFolder.write source (JsonObject()) sae
            Assert.Equal("jumprelu", (convert wanted source result).Architecture)
            let found = (SaeFolder.read result).Sae
            Assert.True found.Activation.IsJumpRelu
            let x = RandomSaes.batch sae seed
            let f, _ = RandomSaes.run (Backend.Cpu 1) sae x
            let f', _ = RandomSaes.run (Backend.Cpu 1) found x
            let gates = PlainSae.pre sae x

            for row in 0 .. x.Rows - 1 do
                for j in 0 .. sae.Latents - 1 do
                    // At the edge of a gate rounding decides.
                    if abs gates[row, j] > 1e-4 then
                        compared <- compared + 1
                        Assert.Equal(float f[row, j], float f'[row, j], 1e-4)

            Directory.Delete(root, true))

    Assert.True(compared > 100)

[<Fact>]
let ``what cannot be converted is refused`` () =
    use folder = new TemporaryFolder()

    let problem target name =
        let path = Oracles.path name

        (Assert.Throws<BadInput>(fun () -> convert target path (folder.File "out") |> ignore))
            .problem

    let jumpRelu = { inference with Architecture = Some "jumprelu" }
    Assert.Contains("cannot be written as jumprelu", problem jumpRelu "saes/topk")

    Assert.Contains(
        "is for the inference form",
        problem { jumpRelu with Form = SaeForm.Training } "saes/standard"
    )

    Assert.Contains(
        "must be jumprelu (got topk)",
        problem { inference with Architecture = Some "topk" } "saes/standard"
    )

    Assert.Contains(
        "cannot be folded",
        problem { inference with Fold = true } "saes/matching_pursuit"
    )

    Assert.False(Directory.Exists(folder.File "out"))

// ---- the reference's folders -------------------------------------------------------------------

let private names =
    [ for path in Directory.GetDirectories(Oracles.path "saes_training") -> Path.GetFileName path ]

[<Fact>]
let ``a checkpoint of the reference becomes what the reference saves of it`` () =
    use folder = new TemporaryFolder()
    Assert.Equal(10, names.Length)

    for name in names do
        convert inference (Oracles.path $"saes_training/{name}") (folder.File name) |> ignore
        let ours = (SaeFolder.read (folder.File name)).Sae
        let theirs = (SaeFolder.read (Oracles.path $"saes/{name}")).Sae

        let close (a: Matrix) (b: Matrix) =
            Seq.iter2
                (fun (x: float32) (y: float32) -> Assert.Equal(float x, float y, 1e-6))
                (a.Span.ToArray())
                (b.Span.ToArray())

        close ours.Encoder theirs.Encoder
        close ours.Decoder theirs.Decoder
        Assert.Equal(SaeFolder.architecture theirs, SaeFolder.architecture ours)

[<Fact>]
let ``an inference form gets the default settings of training`` () =
    use folder = new TemporaryFolder()

    for name in [ "standard"; "topk"; "jumprelu"; "gated"; "matching_pursuit" ] do
        let source = SaeFolder.read (Oracles.path $"saes/{name}")
        let conversion = convert training (Oracles.path $"saes/{name}") (folder.File name)
        let found = SaeFolder.read (folder.File name)
        Assert.Equal(SaeForm.Training, found.Config.Form)
        Assert.Equal(name, found.Config.Architecture)
        SameSae.check source.Sae found.Sae
        Assert.Contains("are the defaults", String.concat ";" conversion.Changes)

[<Fact>]
let ``metadata and frequencies come along`` () =
    use folder = new TemporaryFolder()
    let source = folder.File "source"
    let sae = RandomSaes.create (fun _ _ -> Activation.Relu) 4
    let own = JsonObject()
    own["model_name"] <- JsonValue.Create "toy"
    SaeFolder.write source own sae
    SaeFolder.writeSparsity source (Array.init sae.Latents (fun j -> float j / 100.0))
    convert inference source (folder.File "result") |> ignore
    let found = SaeFolder.read (folder.File "result")
    let model = (SaeConfig.metadataOf found.Config)["model_name"]
    Assert.Equal("toy", string model)

    Assert.Equal<float32[] option>(
        SaeFolder.readSparsity source,
        SaeFolder.readSparsity (folder.File "result")
    )

// ---- folders that are there --------------------------------------------------------------------

let private textOf (folder: string) =
    File.ReadAllText(Path.Combine(folder, SaeFolder.ConfigFile), Encoding.UTF8)

[<Fact>]
let ``a folder that is there is replaced only when asked, and only if it is an SAE's`` () =
    use folder = new TemporaryFolder()
    let gated, topk = Oracles.path "saes/gated", Oracles.path "saes/topk"
    let out = folder.File "out"
    Directory.CreateDirectory out |> ignore
    convert inference gated out |> ignore // an empty folder is as good as none

    let refused replace =
        (Assert.Throws<BadInput>(fun () ->
            SaeConversion.convert inference topk out replace |> ignore))
            .problem

    Assert.Equal("is not empty", refused false)
    Assert.Contains("gated", textOf out)
    SaeConversion.convert inference topk out true |> ignore
    Assert.Contains("topk", textOf out)
    // In its own place, too.
    SaeConversion.convert { inference with Fold = true } out out true |> ignore
    Assert.Contains("topk", textOf out)
    File.WriteAllText(Path.Combine(out, "notes.txt"), "mine")
    Assert.Contains("holds more than an SAE: notes.txt", refused true)
    Assert.True(File.Exists(Path.Combine(out, "notes.txt")))
    Assert.Equal<string[]>([| out |], Directory.GetFileSystemEntries folder.Path)

[<Fact>]
let ``a folder that cannot be filled leaves the old one as it was`` () =
    use folder = new TemporaryFolder()
    let out = folder.File "out"

    AtomicFolder.write out false [ "a" ] (fun path ->
        File.WriteAllText(Path.Combine(path, "a"), "old"))

    Assert.Throws<InvalidOperationException>(fun () ->
        AtomicFolder.write out true [ "a" ] (fun path ->
            File.WriteAllText(Path.Combine(path, "a"), "new")
            raise (InvalidOperationException())))
    |> ignore

    Assert.Equal("old", File.ReadAllText(Path.Combine(out, "a")))
    Assert.Equal<string[]>([| out |], Directory.GetFileSystemEntries folder.Path)
