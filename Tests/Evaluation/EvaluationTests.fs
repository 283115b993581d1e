module SynthSae.Tests.Evaluation.EvaluationTests

open Xunit
open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests

let private settings samples batch : EvaluationSettings =
    { Samples = samples; BatchSize = batch }

let private evaluate backend world sae settings =
    Evaluation.run backend (Sampler.create backend world) world sae settings

/// An SAE for a world of orthogonal unit features, whose latents are the features.
let private ideal (world: World) : Sae =
    { Encoder = Matrix.copy world.Dictionary
      Decoder = Matrix.copy world.Dictionary
      EncoderBias = Array.zeroCreate world.NumFeatures
      DecoderBias = Array.copy world.Bias
      ApplyDecoderBiasToInput = true
      Activation = Activation.JumpRelu(Array.create world.NumFeatures 0.01f)
      Refinement = None
      Scaling = InputScaling.None }

let private world = HandMadeWorlds.plain 16 16

/// Random weights: latents see the features through noise.
let private noisy activation : Sae =
    let random = System.Random 3
    let element () = float32 (random.NextDouble() - 0.5)

    let some rows =
        Matrix.init rows 16 (fun _ _ -> element ())

    { Encoder = some 24
      Decoder = some 24
      EncoderBias = Array.init 24 (fun _ -> element ())
      DecoderBias = Array.init 16 (fun _ -> element ())
      ApplyDecoderBiasToInput = true
      Activation = activation
      Refinement = None
      Scaling = InputScaling.None }

[<Fact>]
let ``an SAE that is the dictionary scores 1 everywhere`` () =
    let result = evaluate (Backend.Cpu 2) world (ideal world) (settings 1000L 64)
    let metrics = result.Metrics
    Assert.Equal(metrics.TrueL0, metrics.SaeL0)
    Assert.Equal(0.0, metrics.DeadLatents)
    Assert.Equal(0.0, metrics.Mse, 1e-9)

    for figure in
        [ metrics.Shrinkage
          metrics.ExplainedVariance
          metrics.Mcc
          metrics.Uniqueness
          metrics.Precision
          metrics.Recall
          metrics.F1Score
          metrics.Accuracy ] do
        Assert.Equal(1.0, figure, 1e-6)

    Assert.InRange(
        metrics.TrueL0,
        8.0 - 5.0 * result.StandardErrors.TrueL0,
        8.0 + 5.0 * result.StandardErrors.TrueL0
    )
    // Sixteen fair coins per sample.
    Assert.InRange(
        result.StandardErrors.TrueL0,
        0.3 * sqrt (4.0 / 1000.0),
        2.0 * sqrt (4.0 / 1000.0)
    )

let activations: TheoryData<int> = TheoryData<int>([| 0; 1; 2; 3 |])

[<Theory; MemberData(nameof activations)>]
let ``the loop gives the metrics of its samples, as worded`` kind =
    let activation =
        [ Activation.Relu
          Activation.TopK(5, true)
          Activation.BatchTopK(4.5, false)
          Activation.JumpRelu(Array.create 24 0.1f) ][kind]

    let sae = noisy activation
    let truth, latents = Codes 16, Codes 24
    let x, xHat = Matrix.zeros 150 16, Matrix.zeros 150 16
    (Sampler.create Backend.Reference world).Sample(Stream.Evaluation, 0L, truth, x)
    let runner = SaeRunner(Backend.Reference, sae)
    runner.Encode(x, latents)
    runner.Decode(latents, xHat)

    let expected =
        MetricsReference.ofDense
            (Codes.toDense truth)
            (Codes.toDense latents)
            x
            xHat
            sae.Decoder
            world.Dictionary

    for backend in [ Backend.Reference; Backend.Cpu 2 ] do
        let actual = (evaluate backend world sae (settings 150L 150)).Metrics

        let figures (metrics: Metrics) =
            [| metrics.TrueL0
               metrics.SaeL0
               metrics.DeadLatents
               metrics.Shrinkage
               metrics.ExplainedVariance
               metrics.Mse
               metrics.Mcc
               metrics.Uniqueness
               metrics.Precision
               metrics.Recall
               metrics.F1Score
               metrics.Accuracy |]

        Array.iter2
            (fun (e: float) (a: float) -> Assert.Equal(e, a, 1e-5))
            (figures expected)
            (figures actual)

[<Fact>]
let ``batches do not matter to an SAE that looks at samples one by one`` () =
    let sae = noisy (Activation.TopK(5, true))
    let whole = evaluate (Backend.Cpu 2) world sae (settings 210L 210)
    let parts = evaluate (Backend.Cpu 1) world sae (settings 210L 64)
    Assert.Equal(whole.Metrics, parts.Metrics)
    Assert.Equal(whole.StandardErrors, parts.StandardErrors)
    Assert.Equal<LatentReport[]>(whole.Latents, parts.Latents)

[<Fact>]
let ``BatchTopK keeps int(k·B) of each batch, of a partial last one too`` () =
    let sae = noisy (Activation.BatchTopK(2.3, true))
    let result = evaluate (Backend.Cpu 2) world sae (settings 25L 10)
    // 23 + 23 + int(2.3·5).
    Assert.Equal(57.0 / 25.0, result.Metrics.SaeL0, 1e-12)

[<Fact>]
let ``progress is told after every batch`` () =
    let told = ResizeArray<int64>()
    let sampler = Sampler.create (Backend.Cpu 1) world

    let inference = Inference.plain (ideal world)

    Evaluation.runWith told.Add (Backend.Cpu 1) sampler world inference (settings 25L 10)
    |> ignore

    Assert.Equal<int64[]>([| 10L; 20L; 25L |], told.ToArray())

[<Fact>]
let ``the table describes every latent`` () =
    let node feature children : HandMadeWorlds.Tree =
        { Feature = feature
          Exclusive = false
          Scaled = false
          Children = children }

    let world =
        { world with
            Forest = HandMadeWorlds.forest 16 [ node 0 [ node 1 [ node 2 [] ] ] ] }

    let sae = ideal world

    let sae =
        { sae with
            Decoder = Matrix.init 16 16 (fun j d -> -sae.Decoder[j, d])
            Activation = Activation.JumpRelu(Array.init 16 (fun j -> if j = 5 then 2.0f else 0.01f))
            Refinement = None
            Scaling = InputScaling.None }

    let result = evaluate (Backend.Cpu 2) world sae (settings 400L 100)
    Assert.Equal(1.0, result.Metrics.DeadLatents)

    result.Latents
    |> Array.iteri (fun j report ->
        Assert.Equal(j, report.Latent)
        Assert.Equal(j, report.BestFeature)
        Assert.Equal(Some j, report.AssignedFeature)
        Assert.Equal(-1.0, report.Cosine, 1e-6)
        Assert.Equal(-1.0, report.AssignedCosine, 1e-6)
        Assert.Equal((if j < 3 then Some j else None), report.FeatureDepth)
        Assert.Equal((j = 5), report.IsDead)
        Assert.Equal((if j = 5 then 0.0 else report.FeatureRate), report.FiringRate)
        Assert.Equal((if j = 5 then 0.0 else 1.0), report.Score.F1Score, 1e-12))

    Assert.InRange(result.Latents[2].FeatureRate, 0.125 - 0.083, 0.125 + 0.083)

[<Fact>]
let ``settings and shapes that cannot be are refused`` () =
    let small = HandMadeWorlds.plain 8 8

    for sae, settings in
        [ ideal world, settings 0L 10; ideal world, settings 10L 0; ideal small, settings 10L 10 ] do
        Assert.Throws<BadInput>(fun () -> evaluate (Backend.Cpu 1) world sae settings |> ignore)
        |> ignore
