module SynthSae.Tests.Evaluation.MetricsTests

open System
open FsCheck.FSharp
open Xunit
open SynthSae.Compute
open SynthSae.Tests

/// Codes and vectors of some samples, and the directions that say what they mean.
type private Case =
    { Truth: Matrix
      Latents: Matrix
      X: Matrix
      XHat: Matrix
      Decoder: Matrix
      Dictionary: Matrix }

let private slice first rows (matrix: Matrix) =
    Matrix.init rows matrix.Cols (fun row col -> matrix[first + row, col])

/// The sums of a case by batches of the given size.
let private accumulate threads blocks batch case =
    let matching = Matching.run (Backend.Cpu threads) case.Decoder case.Dictionary
    let samples = case.X.Rows

    let accumulator =
        MetricAccumulator(
            threads,
            matching,
            case.Dictionary.Rows,
            case.X.Cols,
            int64 samples,
            blocks
        )

    for first in 0..batch .. samples - 1 do
        let part = slice first (min batch (samples - first))

        accumulator.Add(
            Codes.ofDense (part case.Truth),
            Codes.ofDense (part case.Latents),
            part case.X,
            part case.XHat
        )

    matching, accumulator.Blocks

let private metrics case =
    let matching, blocks = accumulate 2 20 7 case
    Metrics.ofSums matching (Array.reduce MetricSums.add blocks)

let private literal case =
    MetricsReference.ofDense case.Truth case.Latents case.X case.XHat case.Decoder case.Dictionary

/// The figures by name.
let private figures (metrics: Metrics) =
    [ "true_l0", metrics.TrueL0
      "sae_l0", metrics.SaeL0
      "dead_latents", metrics.DeadLatents
      "shrinkage", metrics.Shrinkage
      "explained_variance", metrics.ExplainedVariance
      "mse", metrics.Mse
      "mcc", metrics.Mcc
      "uniqueness", metrics.Uniqueness
      "precision", metrics.Precision
      "recall", metrics.Recall
      "f1_score", metrics.F1Score
      "accuracy", metrics.Accuracy ]

let private differences tolerance expected actual =
    List.zip (figures expected) (figures actual)
    |> List.filter (fun ((_, a), (_, b)) -> not (abs (a - b) <= tolerance * (1.0 + abs a)))

let private assertAgree tolerance expected actual =
    Assert.Empty(differences tolerance expected actual)

let private gaussian (key: uint64) rows cols =
    Matrix.init rows cols (fun row col ->
        float32 (Draw.normal key Stream.Inspection Purpose.FeatureVector (int64 row) col))

/// Codes (B, width) that are > 0 with probability `density`.
let private sparse key density rows width =
    Matrix.init rows width (fun row col ->
        if Draw.uniform key Stream.Inspection Purpose.Firing (int64 row) col < density then
            float32 (Draw.uniform key Stream.Inspection Purpose.Magnitude (int64 row) col) + 0.1f
        else
            0.0f)

let private random (key: uint64) samples features latents dim density =
    { Truth = sparse key density samples features
      Latents = sparse (key + 1UL) density samples latents
      X = gaussian (key + 2UL) samples dim
      XHat = gaussian (key + 3UL) samples dim
      Decoder = gaussian (key + 4UL) latents dim
      Dictionary = gaussian (key + 5UL) features dim }

/// x = truth · dictionary, and an SAE whose latents are the first features.
let private perfect samples features latents dim =
    let case = random 90UL samples features latents dim 0.2
    let truth = case.Truth

    let x =
        Matrix.init samples dim (fun b d ->
            Seq.sum (Seq.init features (fun i -> truth[b, i] * case.Dictionary[i, d])))

    { case with
        Latents = Matrix.init samples latents (fun b j -> truth[b, j])
        Decoder = slice 0 latents case.Dictionary
        X = x
        XHat = Matrix.copy x }

[<Fact>]
let ``the sparse sums give the metrics as worded`` () =
    let cases =
        gen {
            let! key = Gen.choose (0, 1_000_000)
            let! samples = Gen.choose (1, 60)
            let! features = Gen.choose (1, 12)
            let! latents = Gen.choose (1, 15)
            let! dim = Gen.choose (2, 8)
            let! density = Gen.elements [ 0.0; 0.05; 0.4; 1.0 ]
            return random (uint64 key) samples features latents dim density
        }

    Property.forAll cases (fun case ->
        List.isEmpty (differences 1e-6 (literal case) (metrics case)))

[<Fact>]
let ``a perfect SAE scores 1 everywhere`` () =
    let result = metrics (perfect 200 6 6 8)
    Assert.Equal(result.TrueL0, result.SaeL0)
    Assert.Equal(0.0, result.DeadLatents)
    Assert.Equal(0.0, result.Mse)

    for figure in
        [ result.Shrinkage
          result.ExplainedVariance
          result.Mcc
          result.Uniqueness
          result.Precision
          result.Recall
          result.F1Score
          result.Accuracy ] do
        Assert.Equal(1.0, figure, 1e-6)

[<Fact>]
let ``neither order nor sign of the decoder rows matters`` () =
    let case = perfect 100 9 5 6
    let order = [| 3; 0; 4; 2; 1 |]

    let changed =
        { case with
            Latents = Matrix.init 100 5 (fun b j -> case.Latents[b, order[j]])
            Decoder = Matrix.init 5 6 (fun j d -> -2.0f * case.Decoder[order[j], d]) }

    assertAgree 1e-6 (metrics case) (metrics changed)

[<Fact>]
let ``a dead latent counts as 0 in precision, recall and F1`` () =
    let case = perfect 200 6 4 8

    let dying =
        { case with
            Latents = Matrix.init 200 4 (fun b j -> if j = 2 then 0.0f else case.Latents[b, j]) }

    let result = metrics dying
    Assert.Equal(1.0, result.DeadLatents)
    Assert.Equal(0.75, result.Precision, 1e-12)
    Assert.Equal(0.75, result.Recall, 1e-12)
    Assert.Equal(0.75, result.F1Score, 1e-12)
    Assert.True(result.Accuracy < 1.0 && result.Accuracy > 0.75)
    assertAgree 1e-6 (literal dying) result

[<Fact>]
let ``counts by hand`` () =
    // Latent 0: hit, miss, false alarm, silence; latent 1 never fires; latent 2 always fires on a feature that never is.
    let case =
        { Truth =
            Matrix.ofArray
                4
                3
                [| 1.0f; 1.0f; 0.0f; 1.0f; 0.0f; 0.0f; 0.0f; 1.0f; 0.0f; 0.0f; 0.0f; 0.0f |]
          Latents =
            Matrix.ofArray
                4
                3
                [| 1.0f; 0.0f; 1.0f; 0.0f; 0.0f; 1.0f; 1.0f; 0.0f; 1.0f; 0.0f; 0.0f; 1.0f |]
          X =
            Matrix.ofArray
                4
                3
                [| 1.0f; 0.0f; 0.0f; 3.0f; 0.0f; 4.0f; 0.0f; 0.0f; 0.0f; 0.0f; 1e-7f; 0.0f |]
          XHat =
            Matrix.ofArray
                4
                3
                [| 2.0f; 0.0f; 0.0f; 0.0f; 0.0f; 2.5f; 0.0f; 0.0f; 1.0f; 0.0f; 0.0f; 0.0f |]
          Decoder = Matrix.init 3 3 (fun row col -> if row = col then 1.0f else 0.0f)
          Dictionary = Matrix.init 3 3 (fun row col -> if row = col then 1.0f else 0.0f) }

    let result = metrics case
    Assert.Equal(1.0, result.TrueL0)
    Assert.Equal(1.5, result.SaeL0)
    Assert.Equal(1.0, result.DeadLatents)
    // Two samples have a norm: 2/1 and 2.5/5.
    Assert.Equal(1.25, result.Shrinkage, 1e-12)
    Assert.Equal((1.0 + 9.0 + 2.25 + 1.0) / 4.0, result.Mse, 1e-9)
    // mean ‖x‖² = 26/4, ‖mean x‖² = 1 + 1.
    Assert.Equal(1.0 - (13.25 / 4.0) / (6.5 - 2.0), result.ExplainedVariance, 1e-9)
    Assert.Equal(0.5 / 3.0, result.Precision, 1e-12)
    Assert.Equal(0.5 / 3.0, result.Recall, 1e-12)
    Assert.Equal(0.5 / 3.0, result.F1Score, 1e-12)
    Assert.Equal((0.5 + 0.5 + 0.0) / 3.0, result.Accuracy, 1e-12)

[<Theory>]
[<InlineData(0.0f, 1.0)>]
[<InlineData(0.5f, 0.0)>]
let ``constant activations are explained fully or not at all`` (error: float32) expected =
    let case = random 5UL 30 4 3 2 0.3
    let constant = Matrix.init 30 2 (fun _ _ -> 2.0f)

    let off =
        { case with
            X = constant
            XHat = Matrix.init 30 2 (fun _ _ -> 2.0f + error) }

    Assert.Equal(expected, (metrics off).ExplainedVariance)
    assertAgree 1e-6 (literal off) (metrics off)

[<Fact>]
let ``activations of norm 0 have no shrinkage`` () =
    let case = random 6UL 30 4 3 2 0.3
    Assert.Equal(0.0, (metrics { case with X = Matrix.zeros 30 2 }).Shrinkage)

[<Fact>]
let ``the sums depend neither on batches nor on threads`` () =
    let case = random 7UL 101 30 20 70 0.2
    let matching, expected = accumulate 1 10 101 case
    let figures = Metrics.standardErrors matching expected

    for threads, batch in [ 1, 1; 2, 16; 3, 100 ] do
        let _, blocks = accumulate threads 10 batch case
        Assert.Equal<MetricSums[]>(expected, blocks)
        Assert.Equal(figures, Metrics.standardErrors matching blocks)

[<Fact>]
let ``the blocks have about equal size`` () =
    let _, blocks = accumulate 1 20 64 (random 8UL 1234 3 3 2 0.1)
    Assert.Equal(20, blocks.Length)
    Assert.All(blocks, fun block -> Assert.InRange(block.Unsupervised.Samples, 61L, 62L))

[<Fact>]
let ``a single sample has metrics but no standard errors`` () =
    let matching, blocks = accumulate 1 20 1 (random 9UL 1 3 3 2 0.9)
    Assert.Single blocks |> ignore
    Assert.True(Double.IsNaN (Metrics.standardErrors matching blocks).TrueL0)

[<Fact>]
let ``more samples than announced are refused`` () =
    let case = random 10UL 5 3 3 2 0.5
    let matching = Matching.run Backend.Reference case.Decoder case.Dictionary
    let accumulator = MetricAccumulator(1, matching, 3, 2, 4L, 20)

    Assert.Throws<ArgumentException>(fun () ->
        accumulator.Add(Codes.ofDense case.Truth, Codes.ofDense case.Latents, case.X, case.XHat))

[<Fact>]
let ``the jackknife gives the spread of repeated evaluations`` () =
    let repeats = 200

    let runs =
        Array.init repeats (fun repeat ->
            // Directions stay, samples are new; latents follow the truth with misses and false alarms.
            let fixedPart = random 11UL 1 12 8 6 0.2
            let samples = 400
            let truth = sparse (uint64 (1000 + repeat)) 0.2 samples 12
            let noise = sparse (uint64 (5000 + repeat)) 0.1 samples 8
            let missed = sparse (uint64 (17000 + repeat)) 0.3 samples 8
            let x = gaussian (uint64 (9000 + repeat)) samples 6
            let offset = gaussian (uint64 (13000 + repeat)) samples 6

            let case =
                { fixedPart with
                    Truth = truth
                    Latents =
                        Matrix.init samples 8 (fun b j ->
                            max noise[b, j] (truth[b, j] - missed[b, j]))
                    Decoder = slice 0 8 fixedPart.Dictionary
                    X = x
                    XHat = Matrix.init samples 6 (fun b d -> 0.7f * x[b, d] + 0.3f * offset[b, d]) }

            let matching, blocks = accumulate 1 20 400 case

            Metrics.ofSums matching (Array.reduce MetricSums.add blocks),
            Metrics.standardErrors matching blocks)

    let sampled: (Metrics -> float) list =
        [ _.TrueL0
          _.SaeL0
          _.Shrinkage
          _.ExplainedVariance
          _.Mse
          _.Precision
          _.Recall
          _.F1Score
          _.Accuracy ]

    for figure in sampled do
        let values = runs |> Array.map (fst >> figure)
        let mean = Array.average values

        let spread =
            sqrt (Array.sumBy (fun value -> (value - mean) ** 2.0) values / float (repeats - 1))

        let claimed = sqrt (runs |> Array.averageBy (fun (_, errors) -> figure errors ** 2.0))
        // Both know the true spread to about 1/√(2·199) and 1/√(2·19·200).
        Assert.InRange(claimed / spread, 1.0 - 5.0 * 0.052, 1.0 + 5.0 * 0.052)

    Assert.All(runs, fun (_, errors) -> Assert.Equal((0.0, 0.0), (errors.Mcc, errors.Uniqueness)))
