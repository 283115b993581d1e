/// Inputs scaled by one factor (`expected_average_only_in`): trained on s·x, saved for x.
module SynthSae.Tests.Training.InputScaleTests

open System
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private dim, latents, rows, scale = 12, 16, 32, 0.37

let private run normalization (sae: SaeSpec) =
    let tiny = (Presets.tryFind "tiny" |> Option.get).Run

    match
        RunSpec.validate
            { tiny with
                Data = DataSource.Synthetic(ModelSource.Spec(SyntheticModelSpec.create 24 dim))
                Saes = [ { sae with Normalization = normalization } ]
                Training =
                    { tiny.Training with
                        BatchSize = rows
                        NormBatches = 7
                        Samples = 20L * int64 rows * 1L<sample> } }
    with
    | Ok spec -> spec
    | Error errors -> failwith $"{errors}"

let private coefficient = { Value = 0.2; WarmUpSteps = 0<step> }

let private specs =
    let create = SaeSpec.create latents

    let jump parameter =
        create (
            SaeArchitecture.JumpRelu
                { InitThreshold = 0.005
                  Bandwidth = 0.5
                  Sparsity = JumpReluSparsity.Step
                  L0 = coefficient
                  PreActLossCoefficient = None
                  Parameter = parameter
                  StraightThrough = false
                  AuxK = SaeSpec.auxK 0.0 }
        )

    [ SaeSpec.batchTopK latents 2.5
      { SaeSpec.batchTopK latents 2.5 with ListaEta = Some 0.3 }
      SaeSpec.topK latents 2
      create (SaeArchitecture.TopK(2, { SaeSpec.topKFamily with RescaleActsByDecoderNorm = false }))
      create (SaeArchitecture.AbsTopK(2, SaeSpec.topKFamily))
      create (
          SaeArchitecture.Matryoshka(
              2.5,
              0.01,
              SaeSpec.topKFamily,
              { Widths = [ 4; 9 ]
                AuxLossPerLevel = false
                InnerWeights = []
                Detached = false
                Order = LevelOrder.Index
                L1Coefficients = [] }
          )
      )
      create (SaeArchitecture.Standard { L1 = coefficient; LpNorm = 1.0 })
      create (SaeArchitecture.Gated { L1 = coefficient })
      jump ThresholdParameter.Direct
      jump ThresholdParameter.Log
      create (
          SaeArchitecture.MatchingPursuit
              { ResidualThreshold = 0.4
                MaxIterations = Some 3
                StopOnDuplicateSupport = true }
      ) ]

let private world =
    lazy
        (match SyntheticModelSpec.validate (SyntheticModelSpec.create 24 dim) with
         | Ok model -> WorldCompiler.compile Backend.cpu model
         | Error errors -> failwith $"{errors}")

let private times s (matrix: Matrix) =
    Matrix.init matrix.Rows matrix.Cols (fun row col -> s * matrix[row, col])

let private batch number =
    let codes = Codes world.Value.NumFeatures
    let x = Matrix(rows, dim)
    (Sampler.create Backend.cpu world.Value).Sample(Stream.Training, int64 number * 32L, codes, x)
    x

let private train (trainer: Trainer) s first last =
    for step in first..last do
        trainer.Step(if s = 1.0f then batch step else times s (batch step)) |> ignore

/// The same SAE trained on x with a scale, and on s·x without.
let private pair backend spec =
    let scaled = Trainer(backend, run ActivationNormalization.ExpectedAverage spec, dim)
    Assert.Equal(7, scaled.ScaleBatches)
    scaled.ScaleInputs scale
    train scaled 1.0f 0 9
    Assert.Equal(0, scaled.ScaleBatches)
    let plain = Trainer(backend, run ActivationNormalization.None spec, dim)
    Assert.Equal(0, plain.ScaleBatches)
    train plain (float32 scale) 0 9
    scaled, plain

let private encode (sae: Sae) (x: Matrix) =
    let codes = Codes latents
    let runner = SaeRunner(Backend.cpu, sae)
    let reconstruction = Matrix(x.Rows, dim)
    runner.Encode(x, codes)
    runner.Decode(codes, reconstruction)
    codes, reconstruction

[<Fact>]
let ``an SAE trained on scaled inputs and saved reads inputs as they are`` () =
    for spec in specs do
        for backend in [ Backend.Reference; Backend.Cpu 2 ] do
            let scaled, plain = pair backend spec

            for ours, theirs in [ scaled.Export(), plain.Export(); scaled.Sae, plain.Sae ] do
                let x = batch 50
                let codes, output = encode ours x
                let expected, scaledOutput = encode theirs (times (float32 scale) x)
                let rowStart, index, _ = Samples.entries codes
                let expectedStart, expectedIndex, _ = Samples.entries expected
                Assert.True(codes.Count > 0, $"{spec.Architecture}: nothing fires")
                Assert.Equal<int[]>(expectedStart, rowStart)
                Assert.Equal<int[]>(expectedIndex, index)
                let wanted = times (1.0f / float32 scale) scaledOutput
                let most = wanted.Span.ToArray() |> Array.map abs |> Array.max |> float
                Assert.InRange(Samples.distance wanted output, 0.0, 1e-5 * most)

[<Fact>]
let ``scores are those that the SAE has on scaled inputs`` () =
    let world = world.Value

    let larger =
        { world with
            Dictionary = times (float32 scale) world.Dictionary
            Bias = world.Bias |> Array.map ((*) (float32 scale)) }

    let settings = { Samples = 4096L; BatchSize = rows }

    let score world sae =
        (Evaluation.run Backend.cpu (Sampler.create Backend.cpu world) world sae settings).Metrics

    for spec in specs do
        let scaled, plain = pair Backend.Reference spec
        let ours, theirs = score world (scaled.Export()), score larger (plain.Export())
        // A sample on a threshold may fall on the other side by rounding.
        Assert.Equal(theirs.SaeL0, ours.SaeL0, 2)
        Assert.Equal(theirs.Mcc, ours.Mcc, 4)
        Assert.Equal(theirs.F1Score, ours.F1Score, 2)
        Assert.Equal(theirs.ExplainedVariance, ours.ExplainedVariance, 3)
        Assert.Equal(theirs.Shrinkage, ours.Shrinkage, 3)

[<Fact>]
let ``a state keeps the scale, which is not estimated again`` () =
    for spec in specs do
        for backend in [ Backend.Reference; Backend.Cpu 2 ] do
            let whole, _ = pair backend spec
            let part = Trainer(backend, run ActivationNormalization.ExpectedAverage spec, dim)
            part.ScaleInputs scale
            train part 1.0f 0 4
            let rest = Trainer(backend, run ActivationNormalization.ExpectedAverage spec, dim)
            rest.Restore(part.State())
            Assert.Equal(0, rest.ScaleBatches)
            train rest 1.0f 5 9
            let decoder (trainer: Trainer) = trainer.Sae.Decoder.Span.ToArray()
            let encoder (trainer: Trainer) = trainer.Sae.Encoder.Span.ToArray()
            Assert.Equal<float32[]>(decoder whole, decoder rest)
            Assert.Equal<float32[]>(encoder whole, encoder rest)

[<Fact>]
let ``the scale gives inputs a mean norm of √D`` () =
    let x number =
        times (float32 (number + 1)) (batch number)

    let s = ActivationScale.estimate 5 x

    let mean =
        [ for number in 0..4 do
              for row in 0 .. rows - 1 -> s * sqrt (Rows.squaredNormAt (x number) row) ]
        |> List.average

    Assert.Equal(sqrt (float dim), mean, 9)

    let error =
        Assert.Throws<BadInput>(fun () ->
            ActivationScale.estimate 2 (fun _ -> Matrix(3, 4)) |> ignore)

    Assert.Contains("normalize_activations", error.Message)
