module SynthSae.Tests.Saes.PruningThresholdTests

open System
open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec
open SynthSae.Tests
open FsCheck.FSharp
open Xunit

/// A normal part of a mixture.
type private Part = { Share: float; Mean: float; Sd: float }

let private density (mixture: Part list) z =
    mixture
    |> List.sumBy (fun part ->
        let u = (z - part.Mean) / part.Sd
        part.Share * exp (-0.5 * u * u) / (part.Sd * sqrt (2.0 * Math.PI)))

/// Scores of a mixture, a pure function of the seed.
let private draw seed count (mixture: Part list) : float32[] =
    Array.init count (fun i ->
        let stream, purpose = Stream.Inspection, Purpose.Initialisation
        let u = Draw.uniform (uint64 seed) stream purpose (int64 i) 0
        let normal = Draw.normal (uint64 seed) stream purpose (int64 i) 1

        let rec pick u (parts: Part list) =
            match parts with
            | [ last ] -> last
            | part :: _ when u < part.Share -> part
            | part :: rest -> pick (u - part.Share) rest
            | [] -> invalidOp "an empty mixture"

        let part = pick u mixture
        float32 part.Mean + float32 part.Sd * normal)

/// The least density between two points, and where it is.
let private valley mixture low high =
    seq { for i in 0..1000 -> low + (high - low) * float i / 1000.0 }
    |> Seq.map (fun z -> density mixture z, z)
    |> Seq.min

/// A kernel estimate errs by at most h²/2·max|f″| and, in five standard errors, 5√(f/(2√π·n·h)). Where the estimate
/// is least, the density exceeds its minimum by at most the errors at both places. A bin is an eighth of h
/// wide and adds (h/8)²/24 to the kernel's variance h², below a thousandth.
let private excessBound mixture (fit: PruningFit) (z: float) =
    let h = fit.Bandwidth

    let curvature =
        mixture |> List.sumBy (fun part -> part.Share / (part.Sd ** 3.0 * sqrt (2.0 * Math.PI)))

    let bias = 1.001 * h * h / 2.0 * curvature

    let error f =
        5.0 * sqrt ((f + bias) / (2.0 * sqrt Math.PI * float fit.Scores * h))

    let least, _ = valley mixture fit.LowerMode fit.UpperMode
    2.0 * bias + error least + error (density mixture z)

let private mistakes share =
    [ { Share = share; Mean = 1.0; Sd = 0.6 }; { Share = 1.0 - share; Mean = 5.0; Sd = 0.9 } ]

[<Theory>]
[<InlineData(0.05, 20_000); InlineData(0.05, 200_000)>]
[<InlineData(0.12, 20_000); InlineData(0.33, 5_000)>]
[<InlineData(0.33, 200_000); InlineData(0.6, 20_000)>]
let ``of two modes the threshold is where the density between them is least`` (share, count) =
    let mixture = mistakes share
    let fit = PruningThreshold.ofScores (draw 7 count mixture)
    let least, _ = valley mixture 1.0 5.0
    Assert.True fit.Threshold.IsSome
    let threshold = float fit.Threshold.Value
    Assert.InRange(threshold, 1.0, 5.0)

    Assert.InRange(
        density mixture threshold,
        least - 1e-9,
        least + excessBound mixture fit threshold
    )

    Assert.InRange(fit.LowerMode, 1.0 - 2.0 * fit.Bandwidth, 1.0 + 2.0 * fit.Bandwidth)
    Assert.InRange(fit.UpperMode, 5.0 - 2.0 * fit.Bandwidth, 5.0 + 2.0 * fit.Bandwidth)
    Assert.Equal(count, fit.Scores)

[<Fact>]
let ``scores with one mode prune nothing, whatever their shape and number`` () =
    let one = [ { Share = 1.0; Mean = 4.0; Sd = 1.0 } ]

    // Two normals less than two standard deviations apart have one mode.
    let close = [ { Share = 0.5; Mean = 2.0; Sd = 1.0 }; { Share = 0.5; Mean = 3.8; Sd = 1.0 } ]

    for seed in 1..40 do
        for mixture in [ one; close ] do
            for count in [ 100; 3000; 30_000 ] do
                let fit = PruningThreshold.ofScores (draw seed count mixture)
                Assert.True(fit.Threshold.IsNone, $"{mixture}, {count} scores, seed {seed}: {fit}")

[<Fact>]
let ``too few scores, or all equal, prune nothing`` () =
    for scores in [ [||]; [| 1.0f |]; [| 1.0f; 5.0f |]; Array.create 1000 2.0f ] do
        let fit = PruningThreshold.ofScores scores
        Assert.True fit.Threshold.IsNone
        Assert.Equal(scores.Length, fit.Scores)

[<Fact>]
let ``two modes of features do not part without a mode of mistakes`` () =
    let features =
        [ { Share = 0.5; Mean = 4.0; Sd = 0.3 }; { Share = 0.5; Mean = 6.0; Sd = 0.3 } ]

    let fit = PruningThreshold.ofScores (draw 3 50_000 features)
    Assert.True fit.Threshold.IsNone
    Assert.Equal(4.0, fit.LowerMode, 0.2)
    Assert.Equal(6.0, fit.UpperMode, 0.2)

[<Fact>]
let ``with mistakes and two modes of features, only the mistakes are cut off`` () =
    let mixture =
        [ { Share = 0.2; Mean = 0.3; Sd = 0.3 }
          { Share = 0.4; Mean = 2.5; Sd = 0.4 }
          { Share = 0.4; Mean = 8.0; Sd = 0.7 } ]

    let fit = PruningThreshold.ofScores (draw 5 100_000 mixture)
    let _, expected = valley mixture 0.3 2.5
    Assert.Equal(expected, float fit.Threshold.Value, 0.3)

[<Fact>]
let ``a thousandth of stray scores does not move the threshold`` () =
    let scores = draw 9 100_000 (mistakes 0.3)
    let strays = Array.init 100 (fun i -> if i % 2 = 0 then -1000.0f - float32 i else 1e6f)

    let clean, stray =
        PruningThreshold.ofScores scores, PruningThreshold.ofScores (Array.append scores strays)

    Assert.Equal(float clean.Threshold.Value, float stray.Threshold.Value, clean.Bandwidth)

[<Fact>]
let ``many equal scores neither hide the modes nor take forever`` () =
    // Magnitudes without spread: 70 % at 5 exactly, the rest within rounding of 0.
    let scores = Array.init 10_000 (fun i -> if i % 10 < 7 then 5.0f else 1e-7f * float32 (i % 3))
    let fit = PruningThreshold.ofScores scores
    Assert.InRange(float fit.Threshold.Value, 0.01, 4.99)

[<Fact>]
let ``the order of the scores does not matter, their unit does as it should`` () =
    let scores = draw 11 5_000 (mistakes 0.3)
    let fit = PruningThreshold.ofScores scores
    Assert.Equal(fit, PruningThreshold.ofScores (Array.rev scores))

    Property.forAll (Gen.choose (-6, 6)) (fun power ->
        let unit = MathF.Pow(2.0f, float32 power)
        let scaled = PruningThreshold.ofScores (scores |> Array.map ((*) unit))
        abs (scaled.Threshold.Value / unit - fit.Threshold.Value) < 1e-3f)

// ---- on worlds ---------------------------------------------------------------------------------

/// 24 orthogonal features of magnitudes 3 ± 0.4 in R^24.
let private orthogonal =
    { HandMadeWorlds.plain 24 24 with
        MeanMagnitude = Array.create 24 3.0f
        StdMagnitude = Array.create 24 0.4f }

/// The world's directions with decoder rows of length 2, and every latent firing in every sample.
let private eager (world: World) : Sae =
    Sae.create
        (Matrix.copy world.Dictionary)
        (Matrix.init 24 24 (fun i d -> 2.0f * world.Dictionary[i, d]))
        (Array.create 24 1.0f)
        (Array.copy world.Bias)
        Activation.Relu

[<Fact>]
let ``on orthogonal features the pruned latents are the true ones`` () =
    let world = orthogonal

    for backend in [ Backend.Reference; Backend.Cpu 2 ] do
        let sampler = Sampler.create backend world
        let sae = eager world
        let fit = PruningThreshold.fit ignore backend sae (SampledBatches sampler) 256 1000L
        Assert.Equal(24_000, fit.Scores)
        // Features that do not fire score 0, those that do their magnitude, which never falls to 1.
        Assert.InRange(float fit.Threshold.Value, 0.001, 1.4)
        let settings: EvaluationSettings = { Samples = 2000L; BatchSize = 256 }

        let scored inference =
            (Evaluation.runWith ignore backend sampler world inference settings).Metrics

        let plain, pruned =
            scored (Inference.plain sae), scored { Sae = sae; PruneBelow = fit.Threshold }

        Assert.Equal(24.0, plain.SaeL0)
        Assert.Equal(1.0, pruned.F1Score)
        Assert.Equal(pruned.TrueL0, pruned.SaeL0)

[<Fact>]
let ``the threshold does not depend on threads or batches, for an SAE that looks at samples one by one``
    ()
    =
    let world = orthogonal
    let sae = { eager world with Activation = Activation.TopK(17, true) }

    let fit threads batch =
        let backend = Backend.Cpu threads
        let sampler = Sampler.create backend world

        PruningThreshold.fit ignore backend sae (SampledBatches sampler) batch 700L

    Assert.Equal(17 * 700, (fit 1 64).Scores)
    Assert.Equal(fit 1 64, fit 3 64)
    Assert.Equal(fit 1 64, fit 2 700)

[<Fact>]
let ``a runner that prunes gives what the op gives`` () =
    let sae = Samples.sae 3 60 20 (Activation.TopK(8, true))
    let x = Samples.gaussian 4 33 20

    for backend in [ Backend.Reference; Backend.Cpu 2 ] do
        let selected, expected, actual = Codes 60, Codes 60, Codes 60
        let plain = SaeRunner(backend, sae)
        plain.Encode(x, selected)
        let scores: float32[] = Array.zeroCreate selected.Count
        let norms = Prune.norms sae.Decoder
        PruneReference.scores x selected sae.Decoder sae.DecoderBias norms scores

        for one, other in Seq.zip scores (plain.Scores(x, selected).ToArray()) do
            Assert.Equal(one, other, 1e-3f)

        PruneReference.keep selected (plain.Scores(x, selected).ToArray()) 0.7f expected
        let runner = SaeRunner(backend, { Sae = sae; PruneBelow = Some 0.7f })

        for _ in 1..2 do
            runner.Encode(x, actual)
            Assert.Equal(Samples.entries expected, Samples.entries actual)

        Assert.InRange(actual.Count, 1, selected.Count - 1)

/// One SAE of each way to choose latents, on R^20 with 60 latents.
let private everyKind: Sae list =
    let limits: PursuitLimits =
        { MaxIterations = 6
          ResidualThreshold = 0.0
          StopOnDuplicateSupport = false }

    let plain =
        [ Activation.Relu
          Activation.TopK(8, true)
          Activation.TopK(8, false)
          Activation.AbsTopK(8, true)
          Activation.BatchTopK(8.0, true)
          Activation.JumpRelu(Array.create 60 5.0f)
          Activation.Gated(Array.create 60 0.2f, Array.create 60 0.1f) ]
        |> List.map (Samples.sae 3 60 20)

    let refined =
        { Samples.sae 3 60 20 (Activation.TopK(8, true)) with
            Refinement = Some { Eta = 0.3; First = Activation.TopK(9, true) } }

    let pursuit subtracts =
        let sae = Samples.sae 3 60 20 (Activation.Pursuit limits)
        Rows.normalise 1 sae.Decoder

        { sae with
            Encoder = Matrix(0, 20)
            EncoderBias = [||]
            ApplyDecoderBiasToInput = subtracts }

    plain @ [ refined; pursuit true; pursuit false ]

[<Fact>]
let ``with every architecture a score is what is left of x along the latent without it, in units of x``
    ()
    =
    let x = Samples.gaussian 4 33 20

    for sae in everyKind do
        for scaling in [ InputScaling.None; InputScaling.ConstantNorm; InputScaling.LayerNorm ] do
            let sae = { sae with Scaling = scaling }
            let runner = SaeRunner(Backend.Cpu 2, sae)
            let codes, without, xHat = Codes 60, Codes 60, Matrix(33, 20)
            runner.Encode(x, codes)
            let scores = runner.Scores(x, codes).ToArray()
            Assert.NotEmpty scores

            for row in [ 0; 7; 32 ] do
                for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                    Codes.copyInto without codes
                    without.Value[entry] <- 0.0f
                    runner.Decode(without, xHat)
                    let direction = sae.Decoder.Row(codes.Index[entry]).ToArray()

                    let left =
                        Seq.sum (
                            seq { for d in 0..19 -> (x[row, d] - xHat[row, d]) * direction[d] }
                        )

                    let norm = sqrt (direction |> Array.sumBy (fun w -> w * w))
                    let along = float32 (sign codes.Value[entry]) * left / norm
                    // The sums are of some sixty terms of the size of the largest.
                    let bound = 1e-4f * (abs scores[entry] + 20.0f * abs codes.Value[entry] + 10.0f)

                    Assert.True(
                        abs (along - scores[entry]) <= bound,
                        $"{sae.Activation}, {scaling}"
                    )

            let kept = Codes 60
            let least = Array.average scores
            SaeRunner(Backend.Cpu 2, { Sae = sae; PruneBelow = Some least }).Encode(x, kept)
            Assert.Equal(scores |> Array.filter (fun z -> z > least) |> Array.length, kept.Count)
