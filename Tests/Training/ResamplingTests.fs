/// Dead latents start anew where the reconstruction is bad, and nothing else changes.
module SynthSae.Tests.Training.ResamplingTests

open System
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private dim, latents, rows = 12, 16, 8

let private resampling =
    { Every = 3<step>
      Until = 0.8
      Window = 1<step>
      Samples = 20
      EncoderScale = 0.2 }

let private run (sae: SaeSpec) =
    let tiny = (Presets.tryFind "tiny" |> Option.get).Run

    let training =
        { tiny.Training with
            BatchSize = rows
            Samples = 15L * int64 rows * 1L<sample>
            LrWarmUpSteps = 0<step>
            LrDecaySteps = 0<step>
            DeadFeatureWindow = 2<step> }

    match
        RunSpec.validate
            { tiny with
                Data = DataSource.Synthetic(ModelSource.Spec(SyntheticModelSpec.create 32 dim))
                Saes = [ { sae with Resampling = Some resampling } ]
                Training = training }
    with
    | Ok spec -> spec
    | Error errors -> failwith $"{errors}"

let private jump parameter =
    SaeArchitecture.JumpRelu
        { InitThreshold = 0.3
          Bandwidth = 0.5
          Sparsity = JumpReluSparsity.Step
          L0 = { Value = 0.1; WarmUpSteps = 0<step> }
          PreActLossCoefficient = None
          Parameter = parameter
          StraightThrough = false
          AuxK = SaeSpec.auxK 0.0 }

let private levels =
    { Widths = [ 4; 9 ]
      AuxLossPerLevel = false
      InnerWeights = []
      Detached = true
      Order = LevelOrder.Frequency
      L1Coefficients = [] }

let private coefficient = { Value = 0.2; WarmUpSteps = 0<step> }

let private specs: (string * SaeSpec * Backend list) list =
    let both = [ Backend.Reference; Backend.Cpu 1; Backend.Cpu 3 ]
    let create = SaeSpec.create latents
    let batchTopK = SaeSpec.batchTopK latents 1.5

    [ "batchtopk", batchTopK, both
      "refined", { batchTopK with ListaEta = Some 0.3 }, both
      "topk with unit rows",
      { SaeSpec.topK latents 2 with
          DecoderNorm = DecoderNorm.Unit },
      both
      "abstopk", create (SaeArchitecture.AbsTopK(2, SaeSpec.topKFamily)), both
      "matryoshka", create (SaeArchitecture.Matryoshka(1.5, 0.01, SaeSpec.topKFamily, levels)), both
      "scheduled",
      { batchTopK with
          L0Schedule = Some { Start = 6.0; Steps = None; Shape = ScheduleShape.Linear } },
      both
      "standard", create (SaeArchitecture.Standard { L1 = coefficient; LpNorm = 1.0 }), both
      "gated", create (SaeArchitecture.Gated { L1 = coefficient }), both
      "jumprelu", create (jump ThresholdParameter.Direct), both
      "jumprelu by logarithm",
      { create (jump ThresholdParameter.Log) with
          Normalization = ActivationNormalization.ConstantNorm },
      both
      "pursuit",
      create (
          SaeArchitecture.MatchingPursuit
              { ResidualThreshold = 0.0
                MaxIterations = Some 2
                StopOnDuplicateSupport = true }
      ),
      both ]

let private batch step = Samples.gaussian step rows dim

let private fresh step =
    Samples.gaussian (1000 + step) resampling.Samples dim

/// Take the steps first … last; the number of latents that were resampled.
let private steps (trainer: Trainer) first last =
    let mutable count = 0

    for step in first..last do
        if trainer.SamplesWanted > 0 then
            count <- count + (trainer.Resample(fresh step)).Length

        trainer.Step(batch step) |> ignore

    count

let private dead = [| 1; 4; 5; 11 |]

/// A trainer before step 6, whose latents have just fired, but for some.
let private waiting backend spec =
    let trainer = Trainer(backend, spec, dim)
    steps trainer 0 5 |> ignore
    let state = trainer.State()

    trainer.Restore
        { state with
            StepsSinceFired =
                Array.init latents (fun j -> if Array.contains j dead then 2 + j else j % 2) }

    trainer

/// The numbers of a state: those of each latent by array, and the others.
let private numbers (state: TrainerState) =
    [ for name, value in Map.toSeq state.Arrays do
          match value with
          | StateArray.Matrix m when m.Rows = latents ->
              name, Array.init latents (fun j -> m.Row(j).ToArray() |> Array.map float)
          | StateArray.Vector v when v.Length = latents ->
              name, v |> Array.map (fun value -> [| float value |])
          | StateArray.Double([ l; _ ], v) when l = latents -> name, Array.chunkBySize dim v
          | StateArray.Double([ _; l ], v) when l = latents ->
              name, v |> Array.chunkBySize latents |> Array.transpose
          | StateArray.Double([ l ], v) when l = latents ->
              name, v |> Array.map (fun value -> [| value |])
          | StateArray.Matrix m -> name, [| m.Span.ToArray() |> Array.map float |]
          | StateArray.Vector v -> name, [| v |> Array.map float |]
          | StateArray.Double(_, v) -> name, [| v |] ]
    |> Map

let private norm (v: float[]) = sqrt (Array.sumBy (fun a -> a * a) v)
let private row (m: Matrix) j = m.Row(j).ToArray() |> Array.map float

/// x − x̂ and what is encoded, x', without the ops.
let private plain (sae: Sae) (x: Matrix) : float[][] * float[][] =
    let factors =
        Array.init x.Rows (fun b ->
            match sae.Scaling with
            | InputScaling.ConstantNorm -> norm (row x b) / sqrt (float dim)
            | _ -> 1.0)

    let scaled = Matrix.init x.Rows dim (fun b i -> float32 (float x[b, i] / factors[b]))

    let residuals =
        [| for first in 0..rows .. x.Rows - 1 do
               let count = min rows (x.Rows - first)
               let part = Matrix.init count dim (fun b i -> scaled[first + b, i])
               let output = PlainSae.decode sae (PlainSae.encode sae part)

               for b in 0 .. count - 1 ->
                   Array.init dim (fun i -> factors[first + b] * (float part[b, i] - output[b, i])) |]

    let inputs =
        Array.init x.Rows (fun b ->
            Array.init dim (fun i -> float scaled[b, i] - float sae.DecoderBias[i]))

    residuals, inputs

/// The sample that each dead latent starts from.
let private plainChoice (residuals: float[][]) seed step =
    let weights = residuals |> Array.map (fun r -> norm r ** 2.0)

    Array.init dead.Length (fun i ->
        let u = Draw.uniform seed Stream.Resampling Purpose.Resampling step i
        let sums = weights |> Array.scan (+) 0.0 |> Array.tail
        sums |> Array.findIndex (fun sum -> sum > u * Array.sum weights))

let private meanNorm (m: Matrix) =
    Array.except dead [| 0 .. latents - 1 |] |> Array.averageBy (row m >> norm)

let private closeTo what (expected: float[]) (actual: float[]) =
    let bounds = Array.create expected.Length (2e-5 * (1e-3 + norm expected))
    Agreement.closeEach what bounds expected actual

let private each (check: string -> SaeSpec -> Backend -> unit) =
    for name, spec, backends in specs do
        for backend in backends do
            check $"{name}, {backend}" spec backend

let private withK (spec: SaeSpec) (sae: Sae) =
    match spec.L0Schedule with
    | Some _ ->
        let k = L0Schedule.at spec.L0Schedule (SaeSpec.l0 spec).Value 15<step> 6<step>

        { sae with Activation = sae.Activation.WithK k }
    | None -> sae

[<Fact>]
let ``new latents are what the definition says, and the live ones stay to the bit`` () =
    each (fun what spec backend ->
        let trainer = waiting backend (run spec)
        let before, sae = numbers (trainer.State()), withK spec trainer.Sae
        let x = fresh 6
        Assert.Equal(resampling.Samples, trainer.SamplesWanted)
        let residuals, inputs = plain sae x
        let seed = uint64 (run spec).Value.Training.Seed
        let decoderNorm = meanNorm sae.Decoder
        let hasEncoder = sae.Encoder.Rows > 0
        let encoderNorm = if hasEncoder then 0.2 * meanNorm sae.Encoder else 0.0
        Assert.Equal<int[]>(dead, trainer.Resample x)
        Assert.Equal(0, trainer.SamplesWanted)
        let after = numbers (trainer.State())
        let mutable moved = 0

        for name, values in Map.toSeq after do
            for j in 0 .. values.Length - 1 do
                if values.Length < latents || not (Array.contains j dead) then
                    Assert.Equal<float[]>(before[name][j], values[j])
                elif name.StartsWith "mean." || name.StartsWith "square." then
                    moved <- moved + (if norm (before[name][j]) > 0.0 then 1 else 0)
                    Assert.Equal(0.0, norm (values[j]))

        Assert.True(moved > 0, "there was nothing to forget")

        for i, sample in Array.indexed (plainChoice residuals seed 6L) do
            let u = residuals[sample] |> Array.map (fun r -> r / norm (residuals[sample]))

            let encoder = u |> Array.map ((*) encoderNorm)
            let theta = max 1e-3 (0.5 * (Array.map2 (*) encoder inputs[sample] |> Array.sum))

            for KeyValue(name, values) in after do
                let now = values[min (values.Length - 1) dead[i]]

                match name.Replace("parameters.", "") with
                | "W_dec"
                | "decoder" -> closeTo what (u |> Array.map ((*) decoderNorm)) now
                | "W_enc"
                | "encoder" when hasEncoder -> closeTo what encoder now
                | "log_threshold" -> closeTo what [| log theta |] now
                | "threshold" when name.StartsWith "parameters." && sae.Activation.IsJumpRelu ->
                    let trained =
                        match spec.Architecture, backend with
                        | SaeArchitecture.JumpRelu { Parameter = ThresholdParameter.Log },
                          Backend.Cpu _ -> log theta
                        | _ -> theta

                    closeTo what [| trained |] now
                | "b_enc"
                | "b_gate"
                | "r_mag"
                | "b_mag"
                | "encoder_bias"
                | "magnitude_scale"
                | "magnitude_bias" when after[name].Length = latents ->
                    Assert.Equal<float[]>([| 0.0 |], now)
                | _ -> ()

        for j in dead do
            Assert.Equal(0, trainer.DeadLatents.StepsSinceFired[j])
            Assert.Equal<float[]>([| 0.0 |], after["state.frequencies"][j]))

[<Fact>]
let ``the SAE in use has the new latents, with the decoder norms that selection compares`` () =
    each (fun _ spec backend ->
        let trainer = waiting backend (run spec)
        trainer.Resample(fresh 6) |> ignore
        let other = Trainer(backend, run spec, dim)
        other.Restore(trainer.State())
        // The other has read everything anew.
        let x = batch 6
        Assert.Equal(other.Step(x).Loss, trainer.Step(x).Loss)
        Assert.Equal<Map<string, float[][]>>(numbers (other.State()), numbers (trainer.State())))

[<Fact>]
let ``an interruption anywhere near a resampling changes no bit, on any number of threads`` () =
    each (fun what spec backend ->
        let other =
            match backend with
            | Backend.Cpu threads -> Backend.Cpu(4 - threads)
            | other -> other

        let whole = waiting backend (run spec)
        let start = whole.State()
        Assert.True(steps whole 6 13 >= dead.Length, what)

        for last in [ 5; 6; 8 ] do
            let before = Trainer(backend, run spec, dim)
            before.Restore start
            steps before 6 last |> ignore
            // Killed after it was resampled, before the step was over.
            let state = before.State()

            if before.SamplesWanted > 0 then
                before.Resample(fresh (last + 1)) |> ignore

            let after = Trainer(other, run spec, dim)
            after.Restore state
            steps after (last + 1) 13 |> ignore
            Assert.Equal<Map<string, float[][]>>(numbers (whole.State()), numbers (after.State())))

[<Fact>]
let ``samples are wanted when latents are dead and the time has come, and then a step needs them``
    ()
    =
    for backend in [ Backend.Reference; Backend.Cpu 2 ] do
        let trainer = waiting backend (run (SaeSpec.batchTopK latents 1.5))
        let state = trainer.State()

        let wanted step counters =
            trainer.Restore { state with Steps = step; StepsSinceFired = counters }

            trainer.SamplesWanted

        let none, some =
            Array.create latents 1, Array.init latents (fun j -> if j = 3 then 2 else 0)

        for step in 0L .. 14L do
            Assert.Equal(0, wanted step none)
            // Every third step, before 0.8 of 15.
            let due = List.contains step [ 3L; 6L; 9L ]
            Assert.Equal((if due then resampling.Samples else 0), wanted step some)

        Assert.Equal(20, wanted 6L some)

        let error =
            Assert.Throws<InvalidOperationException>(fun () -> trainer.Step(batch 0) |> ignore)

        Assert.Contains("resample", error.Message)
        Assert.Throws<ArgumentException>(fun () -> trainer.Resample(batch 0) |> ignore) |> ignore
        Assert.Equal<int[]>([| 3 |], trainer.Resample(fresh 6))
        trainer.Step(batch 0) |> ignore

        Assert.Throws<InvalidOperationException>(fun () -> trainer.Resample(fresh 6) |> ignore)
        |> ignore

[<Fact>]
let ``samples without an error leave everything as it is`` () =
    // Matching pursuit leaves nothing of its bias.
    let _, pursuit, _ = specs |> List.find (fun (name, _, _) -> name = "pursuit")
    let trainer = waiting (Backend.Cpu 1) (run pursuit)
    let before = numbers (trainer.State())
    let bias = trainer.Sae.DecoderBias
    Assert.Empty(trainer.Resample(Matrix.init resampling.Samples dim (fun _ i -> bias[i])))
    Assert.Equal<Map<string, float[][]>>(before, numbers (trainer.State()))
    trainer.Step(batch 6) |> ignore

[<Fact>]
let ``samples are chosen in proportion to their weights`` () =
    let weights = [| 0.0; 1.0; 3.0; 0.0; 4.0; 0.0 |]
    let count = 40_000
    let chosen = Resampling.choose 7UL 2500L weights count |> Array.countBy id |> Map

    for sample in 0 .. weights.Length - 1 do
        let p = weights[sample] / 8.0
        let expected = p * float count
        let bound = 5.0 * sqrt (float count * p * (1.0 - p))
        let actual = chosen |> Map.tryFind sample |> Option.defaultValue 0
        Assert.InRange(float actual, expected - bound, expected + bound)

    Assert.Empty(Resampling.choose 7UL 2500L [| 0.0; 0.0 |] 3)
    Assert.Empty(Resampling.choose 7UL 2500L [| 1.0; nan |] 3)
    Assert.Empty(Resampling.choose 7UL 2500L [| 1.0; infinity |] 3)

    let ofStep step = Resampling.choose 7UL step weights 50
    Assert.Equal<int[]>(ofStep 2500L, ofStep 2500L)
    Assert.NotEqual<int[]>(ofStep 2500L, ofStep 5000L)

// ---- what it is good for -----------------------------------------------------------------------

let private preset = (Presets.tryFind "small" |> Option.get).Run

let private world =
    lazy
        (match RunSpec.model preset |> Option.map SyntheticModelSpec.validate with
         | Some(Ok model) -> WorldCompiler.compile Backend.cpu model
         | other -> failwith $"{other}")

/// (dead latents, R² of the last steps) of a run in which half of the latents begin dead.
let private revived resampling seed =
    let steps, rows, width = 800, 256, 128

    let family = { SaeSpec.topKFamily with AuxK = SaeSpec.auxK 0.0 }

    let sae =
        { SaeSpec.create width (SaeArchitecture.BatchTopK(6.0, 0.01, family)) with
            Resampling = resampling }

    let spec =
        { preset with
            Saes = [ sae ]
            Training =
                { preset.Training with
                    Samples = int64 (steps * rows) * 1L<sample>
                    BatchSize = rows
                    Lr = 3e-3
                    DeadFeatureWindow = 50<step>
                    Seed = seed } }
        |> RunSpec.validate
        |> function
            | Ok spec -> spec
            | Error errors -> failwith $"{errors}"

    let world = world.Value
    let trainer = Trainer(Backend.cpu, spec, world.HiddenDim)
    let start = trainer.State()

    match start.Arrays["parameters.encoder_bias"] with
    | StateArray.Vector bias -> Array.Fill(bias, -100.0f, 0, width / 2)
    | _ -> failwith "no bias"

    trainer.Restore start
    let sampler = Sampler.forRun Backend.cpu world seed
    let codes = Codes world.NumFeatures
    let x = Matrix(rows, world.HiddenDim)
    let mutable explained = 0.0

    for step in 0 .. steps - 1 do
        if trainer.SamplesWanted > 0 then
            let samples = Matrix(trainer.SamplesWanted, world.HiddenDim)
            sampler.Sample(Stream.Resampling, int64 (step * rows), codes, samples)
            trainer.Resample samples |> ignore

        sampler.Sample(Stream.Training, trainer.Samples, codes, x)
        let report = trainer.Step x

        if step >= steps - 100 then
            explained <- explained + (1.0 - report.Mse / TotalVariance.ofBatch x) / 100.0

    trainer.DeadLatents.Count, explained

[<Fact>]
let ``with resampling fewer latents are dead and more is explained`` () =
    let on =
        Some
            { Every = 50<step>
              Until = 0.7
              Window = 25<step>
              Samples = 1024
              EncoderScale = 0.2 }

    for seed in 0L .. 2L do
        let deadWithout, without = revived None seed
        let deadWith, with' = revived on seed
        Assert.True(deadWithout >= 60, $"{deadWithout} of 128 are dead without")
        Assert.True(5 * deadWith <= 3 * deadWithout, $"{deadWith} dead with, {deadWithout} without")
        Assert.True(with' > without + 0.03, $"R² {with'} with, {without} without")
