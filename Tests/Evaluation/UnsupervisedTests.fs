module SynthSae.Tests.Evaluation.UnsupervisedTests

open System
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

/// Samples that are rows of a matrix.
type private Given(samples: Matrix) =
    interface IBatches with
        member _.Dim = samples.Cols

        member _.Fill(first, x) =
            samples.Span.Slice(int first * samples.Cols, x.Length).CopyTo x.Span

let private read (name: string) =
    (SaeFolder.read (Oracles.path $"saes/{name}")).Inference

let private samples =
    use file = Safetensors.read (Oracles.path "saes/topk/outputs.safetensors")
    file.Matrix "x"

/// Latents and reconstructions of all samples, plainly.
let private plain (sae: Sae) =
    let runner = SaeRunner(Backend.Reference, Inference.plain sae)
    let codes, xHat = Codes sae.Latents, Matrix(samples.Rows, samples.Cols)
    runner.Encode(samples, codes)
    runner.Decode(codes, xHat)
    Codes.toDense codes, xHat

let private evaluate backend sae count =
    let settings = { Samples = int64 count; BatchSize = 7 }

    Evaluation.onActivations ignore backend (Given samples) (Inference.plain sae) settings

let private near (expected: float) (actual: float) =
    Assert.InRange(
        actual,
        expected - 1e-5 * (1.0 + abs expected),
        expected + 1e-5 * (1.0 + abs expected)
    )

[<Theory>]
[<InlineData("topk")>]
[<InlineData("jumprelu")>]
[<InlineData("standard")>]
let ``every metric is that of a plain computation`` (name: string) =
    let sae = read name
    let latents, xHat = plain sae
    let rows, dim = samples.Rows, samples.Cols
    let each = [| 0 .. rows - 1 |]
    let sumOver f = Array.sumBy f [| 0 .. dim - 1 |]
    let x row col = float samples[row, col]

    let mse =
        each
        |> Array.averageBy (fun row ->
            sumOver (fun col -> (x row col - float xHat[row, col]) ** 2.0))

    let variance =
        sumOver (fun col ->
            let mean = each |> Array.averageBy (fun row -> x row col)
            each |> Array.averageBy (fun row -> (x row col - mean) ** 2.0))

    let norm (matrix: Matrix) row =
        sqrt (sumOver (fun col -> float matrix[row, col] ** 2.0))

    let rates =
        [| for latent in 0 .. sae.Latents - 1 ->
               each |> Array.averageBy (fun row -> if latents[row, latent] > 0.0f then 1.0 else 0.0) |]

    for backend in [ Backend.Reference; Backend.Cpu 2 ] do
        let result = evaluate backend sae rows
        near mse result.Metrics.Mse
        near (1.0 - mse / variance) result.Metrics.ExplainedVariance
        near (Array.sum rates) result.Metrics.SaeL0

        near
            (each |> Array.averageBy (fun row -> norm xHat row / norm samples row))
            result.Metrics.Shrinkage

        Assert.Equal(float (Array.filter ((=) 0.0) rates).Length, result.Metrics.DeadLatents)
        Array.iter2 near rates result.FiringRates
        Assert.True(result.StandardErrors.Mse > 0.0)

[<Fact>]
let ``the metrics are those of an evaluation with a truth`` () =
    let model = ModelFolder.read (Oracles.path "model")
    let sae = read "topk"
    let sampler = Sampler.create Backend.cpu model
    let settings = { Samples = 1000L; BatchSize = 128 }
    let withTruth = Evaluation.run Backend.cpu sampler model sae settings

    let x = Matrix(1000, model.HiddenDim)
    sampler.Sample(Stream.Evaluation, 0L, Codes model.NumFeatures, x)

    let without =
        Evaluation.onActivations ignore Backend.cpu (Given x) (Inference.plain sae) settings

    let figures (r: Metrics) =
        [ r.SaeL0; r.DeadLatents; r.Shrinkage; r.ExplainedVariance; r.Mse ]

    let bare (r: UnsupervisedMetrics) =
        [ r.SaeL0; r.DeadLatents; r.Shrinkage; r.ExplainedVariance; r.Mse ]

    Assert.Equal<float list>(figures withTruth.Metrics, bare without.Metrics)
    Assert.Equal<float list>(figures withTruth.StandardErrors, bare without.StandardErrors)

    Assert.Equal<float>(withTruth.Latents |> Array.map _.FiringRate, without.FiringRates)

[<Fact>]
let ``an SAE of another dimension is refused`` () =
    let other = Given(Matrix(3, 5))

    let error =
        Assert.Throws<BadInput>(fun () ->
            Evaluation.onActivations
                ignore
                Backend.cpu
                other
                (Inference.plain (read "topk"))
                { Samples = 3L; BatchSize = 3 }
            |> ignore)

    Assert.Equal("SAE: reads R^24, but the activations lie in R^5", error.Message)

[<Fact>]
let ``the histogram counts latents by quarters of a decade`` () =
    let histogram = DensityHistogram.ofRates [| 0.0; 1.0; 0.99; 0.5; 0.1; 0.099; 0.0; 0.001 |]

    Assert.Equal(2, histogram.Dead)

    Assert.Equal<float>([| for i in -12 .. -1 -> float i / 4.0 |], histogram.Log10From)
    // [0.001, …), nothing up to [0.056, 0.1), [0.1, 0.178), nothing, [0.316, 0.562), [0.562, 1].
    Assert.Equal<int>([| 1; 0; 0; 0; 0; 0; 0; 1; 1; 0; 1; 2 |], histogram.Latents)

[<Fact>]
let ``each latent that fires is in the bin of its rate`` () =
    let check (rates: float[]) =
        let rates = rates |> Array.map (fun v -> if Double.IsFinite v then abs v % 1.0 else 1.0)
        let histogram = DensityHistogram.ofRates rates
        let firing = rates |> Array.filter (fun rate -> rate > 0.0)

        let expected =
            histogram.Log10From
            |> Array.mapi (fun i from ->
                let last = i = histogram.Log10From.Length - 1

                firing
                |> Array.filter (fun rate ->
                    let log = Math.Log10 rate
                    from <= log && (log < from + 0.25 || last))
                |> Array.length)

        expected = histogram.Latents && histogram.Dead = rates.Length - firing.Length

    Property.check check
