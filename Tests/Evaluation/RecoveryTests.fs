/// Worlds and SAEs in which it is known what became of each feature.
module SynthSae.Tests.Evaluation.RecoveryTests

open System
open System.Text.Json
open FsCheck.FSharp
open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests
open Xunit

let private node feature children : HandMadeWorlds.Tree =
    { Feature = feature
      Exclusive = false
      Scaled = false
      Children = children }

/// Eight orthogonal features of magnitude 1 that fire half of the time where they may: 0 is above 1, which is above 2.
let private world =
    { HandMadeWorlds.plain 8 8 with
        Forest = HandMadeWorlds.forest 8 [ node 0 [ node 1 [ node 2 [] ] ] ] }

/// A latent: what it reads and writes by feature, and what it must exceed to fire.
type private Latent =
    { Reads: (int * float) list
      Writes: (int * float) list
      Above: float }

let private sae (world: World) (latents: Latent list) : Sae =
    let rows part =
        let matrix = Matrix.zeros latents.Length world.HiddenDim

        latents
        |> List.iteri (fun j latent ->
            for feature, weight in part latent do
                for d in 0 .. world.HiddenDim - 1 do
                    let direction = world.Dictionary[feature, d]
                    matrix[j, d] <- matrix[j, d] + float32 weight * direction)

        matrix

    { Encoder = rows _.Reads
      Decoder = rows _.Writes
      EncoderBias = Array.zeroCreate latents.Length
      DecoderBias = Array.zeroCreate world.HiddenDim
      ApplyDecoderBiasToInput = true
      Activation = Activation.JumpRelu [| for latent in latents -> float32 latent.Above |]
      Refinement = None
      Scaling = InputScaling.None }

/// Fires exactly with the feature.
let private pure' feature =
    { Reads = [ feature, 1.0 ]
      Writes = [ feature, 1.0 ]
      Above = 0.5 }

/// Fires with the feature where another is silent.
let private without other feature =
    { pure' feature with Reads = [ feature, 1.0; other, -1.0 ] }

/// Fires with both.
let private both other feature =
    { pure' feature with
        Reads = [ feature, 1.0; other, 1.0 ]
        Above = 1.5 }

let private settings: EvaluationSettings = { Samples = 2000L; BatchSize = 300 }

let private recoveryOn backend world sae =
    let struct (_, recovery) =
        Evaluation.runWithRecovery
            ignore
            backend
            (Sampler.create backend world)
            world
            (Inference.plain sae)
            settings

    recovery

let private recover world latents =
    recoveryOn (Backend.Cpu 2) world (sae world latents)

let private verdicts (recovery: Recovery) =
    [| for feature in recovery.Features -> feature.Verdict |]

[<Fact>]
let ``true directions that fire with their features recover all of them`` () =
    let recovery = recover world [ for feature in 0..7 -> pure' feature ]
    Assert.All(verdicts recovery, fun verdict -> Assert.Equal(Verdict.Recovered, verdict))

    for feature in recovery.Features do
        Assert.Equal(feature.Feature, feature.Nearest.Latent)
        Assert.Equal(feature.Nearest, feature.Best)
        Assert.Equal(1.0, feature.Best.Score.F1Score)
        Assert.Equal(1.0, feature.Nearest.Cosine, 1e-6)
        Assert.Equal(1.0, feature.MeanMagnitude, 1e-6)
        Assert.Equal(0.0, feature.Lent)
        Assert.Equal(1, feature.OwnLatents)

    Assert.Equal<int option[]>(
        [| Some 0; Some 1; Some 2; None |],
        [| for feature in recovery.Features[..3] -> feature.Depth |]
    )

    Assert.Equal<int option[]>(
        [| None; Some 0; Some 1; None |],
        [| for feature in recovery.Features[..3] -> feature.Parent |]
    )

    Assert.Equal(0.125, recovery.Features[2].Rate, 0.04)
    Assert.Equal(0.5, recovery.Features[2].NominalRate, 1e-6)

[<Fact>]
let ``a feature without a latent is missed, with no hits to its name`` () =
    let recovery = recover world [ pure' 3 ]
    Assert.Equal(Verdict.Recovered, recovery.Features[3].Verdict)

    for feature in recovery.Features do
        if feature.Feature <> 3 then
            Assert.Equal(Verdict.Missed, feature.Verdict)
            Assert.Equal(0.0, feature.Nearest.Cosine, 1e-6)
            Assert.Equal(0, feature.OwnLatents)
            Assert.Equal(0.0, feature.TogetherF1)

[<Fact>]
let ``a feature that two latents share by another feature is split`` () =
    let recovery = recover world [ without 5 4; both 5 4; pure' 5 ]
    let feature = recovery.Features[4]
    Assert.Equal(Verdict.Split, feature.Verdict)
    Assert.Equal(2, feature.OwnLatents)
    Assert.Equal(1.0, feature.TogetherF1)
    Assert.InRange(feature.Best.Score.F1Score, 0.6, 0.75)
    Assert.Equal(Verdict.Recovered, recovery.Features[5].Verdict)

[<Fact>]
let ``a second latent that does not fill the gap of the first leaves a feature missed`` () =
    Assert.Equal(Verdict.Missed, (recover world [ without 5 4; without 5 4 ]).Features[4].Verdict)

[<Fact>]
let ``a second latent beside one that suffices changes nothing`` () =
    Assert.Equal(Verdict.Recovered, (recover world [ pure' 4; both 5 4 ]).Features[4].Verdict)

/// The latent of a descendant, which writes that feature and one above it.
let private absorbing below own above lent =
    { pure' below with Writes = [ below, own; above, lent ] }

[<Fact>]
let ``a parent whose latent falls silent where its child's latent writes it too is absorbed`` () =
    let recovery = recover world [ without 1 0; absorbing 1 1.0 0 0.8 ]
    let parent, child = recovery.Features[0], recovery.Features[1]
    Assert.Equal(Verdict.Absorbed, parent.Verdict)
    Assert.Equal(Verdict.Recovered, child.Verdict)
    // A child is there half of the time.
    Assert.InRange(parent.Lent, 0.4, 0.6)
    Assert.Equal(1.0 - parent.Best.Score.Recall, parent.Lent, 1e-12)
    Assert.Equal(0.0, child.Lent)

[<Fact>]
let ``absorption is seen too where the child's latent writes mostly the parent`` () =
    let recovery = recover world [ without 1 0; absorbing 1 0.8 0 1.0 ]
    Assert.Equal(Verdict.Absorbed, recovery.Features[0].Verdict)
    Assert.Equal(1.0, recovery.Features[0].TogetherF1)
    Assert.Equal(Verdict.Recovered, recovery.Features[1].Verdict)
    Assert.Equal(1, recovery.Features[1].Best.Latent)

[<Fact>]
let ``a grandchild's latent can absorb a feature`` () =
    let recovery = recover world [ without 2 0; pure' 1; absorbing 2 1.0 0 0.8 ]
    // Only where the grandchild is there is the feature lost: a quarter, which F1 forgives.
    Assert.Equal(Verdict.Recovered, recovery.Features[0].Verdict)
    Assert.InRange(recovery.Features[0].Lent, 0.15, 0.35)

    let common =
        { world with
            Threshold =
                Array.mapi (fun i tau -> if i = 1 || i = 2 then -1.0f else tau) world.Threshold }

    let recovery = recover common [ without 2 0; pure' 1; absorbing 2 1.0 0 0.8 ]
    Assert.Equal(Verdict.Absorbed, recovery.Features[0].Verdict)

[<Fact>]
let ``a parent without a latent is absorbed where its child's latent stands in, else missed`` () =
    let child lent =
        recover world [ absorbing 1 1.0 0 lent ]

    Assert.Equal(Verdict.Absorbed, (child 0.8).Features[0].Verdict)
    Assert.Equal(Verdict.Missed, (child 0.1).Features[0].Verdict)
    Assert.Equal(0.0, (child 0.1).Features[0].Lent)

[<Fact>]
let ``a gap beside no relative's latent is no absorption`` () =
    // As above, but 5 is no child of 4.
    let recovery = recover world [ without 5 4; absorbing 5 1.0 4 0.8 ]
    Assert.Equal(Verdict.Missed, recovery.Features[4].Verdict)

[<Fact>]
let ``a latent that detects a feature but points elsewhere does not recover it`` () =
    let elsewhere = { pure' 4 with Writes = [ 4, 0.5; 6, 1.0 ] }
    let recovery = recover world [ elsewhere ]
    let feature = recovery.Features[4]
    Assert.Equal(1.0, feature.Best.Score.F1Score)
    Assert.InRange(feature.Best.Cosine, 0.4, 0.5)
    Assert.Equal(Verdict.Missed, feature.Verdict)

[<Fact>]
let ``a feature that is never active is missed and left out of the shares`` () =
    let never =
        { world with
            Threshold = Array.append [| infinityf |] world.Threshold[1..] }

    let recovery = recover never [ for feature in 0..7 -> pure' feature ]
    let summary = RecoverySummary.ofFeatures recovery.Features
    Assert.Equal(Verdict.Missed, recovery.Features[0].Verdict)
    Assert.True(Double.IsNaN recovery.Features[0].MeanMagnitude)
    // With a parent that is never active, so are those below.
    Assert.Equal(3, summary.NeverActive)
    Assert.Equal(5, summary.All.Features)
    Assert.Equal(5, summary.All.Recovered)
    Assert.Contains("\n0,0,,0.5,0,,", RecoveryReport.toCsv recovery)

let private randomSae seed width (world: World) : Sae =
    let random = Random(seed: int)

    let some rows =
        Matrix.init rows world.HiddenDim (fun _ _ -> float32 (random.NextDouble() - 0.5))

    let decoder = some width

    { Encoder = Matrix.copy decoder
      Decoder = decoder
      EncoderBias = Array.init width (fun _ -> float32 (random.NextDouble() - 0.5) * 0.2f)
      DecoderBias = Array.zeroCreate world.HiddenDim
      ApplyDecoderBiasToInput = true
      Activation = Activation.JumpRelu(Array.create width 0.1f)
      Refinement = None
      Scaling = InputScaling.None }

let private permuted (order: int[]) (sae: Sae) : Sae =
    let rows (matrix: Matrix) =
        Matrix.init matrix.Rows matrix.Cols (fun j d -> matrix[order[j], d])

    { sae with
        Encoder = rows sae.Encoder
        Decoder = rows sae.Decoder
        EncoderBias = order |> Array.map (fun j -> sae.EncoderBias[j]) }

let private smallWorld seed =
    let world = HandMadeWorlds.random 12 seed
    let random = Random(seed + 1)

    let dictionary =
        Matrix.init world.NumFeatures 6 (fun _ _ -> float32 (random.NextDouble() - 0.5))

    Rows.normalise 1 dictionary

    { world with
        Dictionary = dictionary
        Bias = Array.zeroCreate 6 }

/// Few samples: a property looks at many worlds.
let private recoverFew world sae =
    let struct (_, recovery) =
        Evaluation.runWithRecovery
            ignore
            (Backend.Cpu 1)
            (Sampler.create (Backend.Cpu 1) world)
            world
            (Inference.plain sae)
            { Samples = 60L; BatchSize = 25 }

    recovery

let private seeds = Gen.choose (1, 1_000_000)

[<Fact>]
let ``every feature has a verdict, and groups hold each feature that was active once`` () =
    Property.forAll seeds (fun seed ->
        let world = smallWorld seed
        let recovery = recoverFew world (randomSae seed (1 + seed % 9) world)
        let summary = RecoverySummary.ofFeatures recovery.Features
        let all = summary.All
        let sum (bins: RecoveryBin[]) = bins |> Array.sumBy _.Group.Features

        recovery.Features.Length = world.NumFeatures
        && all.Features + summary.NeverActive = world.NumFeatures
        && all.Recovered + all.Split + all.Absorbed + all.Missed = all.Features
        && (summary.ByDepth |> Array.sumBy (fun (_, group) -> group.Features)) = all.Features
        && sum summary.ByRate = all.Features
        && sum summary.ByMagnitude = all.Features)

[<Fact>]
let ``the order of the latents does not matter`` () =
    Property.forAll seeds (fun seed ->
        let world = smallWorld seed
        let width = 2 + seed % 9
        let sae = randomSae seed width world
        let order = Array.init width id
        Random(seed + 2).Shuffle order
        let first = recoverFew world sae
        let second = recoverFew world (permuted order sae)

        let renamed (latent: FeatureLatent) =
            { latent with
                Latent = order[latent.Latent]
                Cosine = Math.Round(latent.Cosine, 9) }

        let same (a: FeatureReport) (b: FeatureReport) =
            let kept (latent: FeatureLatent) =
                { latent with Cosine = Math.Round(latent.Cosine, 9) }

            { a with Nearest = kept a.Nearest; Best = kept a.Best } =
                { b with
                    Nearest = renamed b.Nearest
                    Best = renamed b.Best
                    MeanMagnitude = a.MeanMagnitude }
            || (Double.IsNaN a.MeanMagnitude && a.Verdict = b.Verdict)

        Array.forall2 same first.Features second.Features)

[<Fact>]
let ``the reference and the processor come to the same`` () =
    for seed in 1..5 do
        let world = smallWorld seed
        let sae = randomSae seed 9 world
        let reference = recoveryOn Backend.Reference world sae
        let processor = recoveryOn (Backend.Cpu 2) world sae
        Assert.Equal<Verdict[]>(verdicts reference, verdicts processor)
        Assert.Equal(RecoveryReport.toCsv reference, RecoveryReport.toCsv processor)

[<Fact>]
let ``figures are those of the table of latents`` () =
    let world = smallWorld 5
    let sae = randomSae 5 9 world

    let struct (result, recovery) =
        Evaluation.runWithRecovery
            ignore
            (Backend.Cpu 2)
            (Sampler.create (Backend.Cpu 2) world)
            world
            (Inference.plain sae)
            settings

    let plain =
        Evaluation.run (Backend.Cpu 2) (Sampler.create (Backend.Cpu 2) world) world sae settings

    Assert.Equal(plain.Metrics, result.Metrics)
    Assert.Equal<LatentReport[]>(plain.Latents, result.Latents)

    for latent in result.Latents do
        let feature = recovery.Features[latent.BestFeature]
        Assert.Equal(latent.FeatureRate, feature.Rate)
        Assert.True(feature.Best.Score.F1Score >= latent.Score.F1Score)

        if feature.Best.Latent = latent.Latent then
            Assert.Equal(latent.Score, feature.Best.Score)
            Assert.Equal(latent.Cosine, feature.Best.Cosine)

[<Theory>]
[<InlineData(5, 7)>]
[<InlineData(200, 130)>]
let ``the map has the nearest latent of each feature, and each cell's largest cosine``
    latents
    features
    =
    let random = Random 1

    let some rows =
        Matrix.init rows 10 (fun _ _ -> float32 (random.NextDouble() - 0.5))

    let decoder, dictionary = some latents, some features
    let order, columns = Array.init latents id, Array.init features id
    random.Shuffle order
    random.Shuffle columns
    let survey = CosineMap.survey (Backend.Cpu 2) latents columns
    Matching.runSurveyed (Backend.Cpu 2) survey decoder dictionary |> ignore
    let map = CosineMap.ofSurvey survey order
    let all = MatchCosinesReference.weights decoder dictionary [| 0 .. latents - 1 |]
    let rows, cols = min 96 latents, min 96 features
    Assert.Equal(rows, map.Cells.Rows)
    Assert.Equal(cols, map.Cells.Cols)
    let cells = Array2D.zeroCreate<float32> rows cols

    order
    |> Array.iteri (fun i latent ->
        columns
        |> Array.iteri (fun j feature ->
            let row, col = i * rows / latents, j * cols / features
            cells[row, col] <- max cells[row, col] all[latent, feature]))

    for row in 0 .. rows - 1 do
        for col in 0 .. cols - 1 do
            Assert.Equal(cells[row, col], map.Cells[row, col], 1e-5f)

    for feature in 0 .. features - 1 do
        let largest = Seq.max (seq { for latent in 0 .. latents - 1 -> all[latent, feature] })
        Assert.Equal(largest, all[map.NearestLatent[feature], feature], 1e-5f)

[<Fact>]
let ``the picture of an SAE that has all features, in any order, is a diagonal`` () =
    let latents = [ for feature in [ 5; 2; 7; 0; 3; 6; 1; 4 ] -> pure' feature ]
    let cells = (recover world latents).Map.Cells

    for row in 0..7 do
        for col in 0..7 do
            Assert.Equal((if row = col then 1.0f else 0.0f), cells[row, col], 1e-6f)

[<Fact>]
let ``features go by trees, each after what is above it, the frequent trees first`` () =
    let forest =
        HandMadeWorlds.forest
            8
            [ node 1 [ node 5 [ node 3 [] ]; node 2 [] ]; node -1 [ node 7 [] ]; node -1 [] ]

    let world =
        { world with
            Forest = forest
            BaseProbability = [| 0.1f; 0.2f; 0.9f; 0.8f; 0.15f; 0.7f; 0.05f; 0.3f |] }

    Assert.Equal<int[]>([| 7; 1; 5; 3; 2; 4; 0; 6 |], RecoveryPlan.featureOrder world)

[<Fact>]
let ``the JSON holds rule, shares and picture`` () =
    let recovery = recover world [ pure' 3; without 1 0; absorbing 1 1.0 0 0.8 ]
    use document = JsonDocument.Parse(RecoveryReport.toJson recovery)
    let root = document.RootElement
    let whole (name: string) = root.GetProperty(name).GetInt32()
    Assert.Equal(1, whole "schema")
    Assert.Equal(2000, whole "samples")
    Assert.Equal(8, whole "features")
    Assert.Equal(3, whole "latents")
    Assert.Equal(0.8, root.GetProperty("rule").GetProperty("least_f1_score").GetDouble())
    let all = root.GetProperty "all"

    Assert.Equal<int list>(
        [ 8; 2; 0; 1; 5 ],
        [ for name in [ "features"; "recovered"; "split"; "absorbed"; "missed" ] ->
              all.GetProperty(name).GetInt32() ]
    )

    let depths =
        [ for group in root.GetProperty("by_depth").EnumerateArray() ->
              group.GetProperty("depth").ToString(), group.GetProperty("features").GetInt32() ]

    Assert.Equal<(string * int) list>([ "0", 1; "1", 1; "2", 1; "", 5 ], depths)

    let cells =
        [ for row in
              root.GetProperty("heat_map").GetProperty("largest_cosine_percent").EnumerateArray() ->
              [ for cell in row.EnumerateArray() -> cell.GetInt32() ] ]

    Assert.Equal(3, cells.Length)
    Assert.All(cells, fun row -> Assert.Equal(8, row.Length))
    Assert.Equal<int list>([ 100; 0; 0; 0; 0; 0; 0; 0 ], cells[0])

[<Fact>]
let ``the table has a line for each feature, with as many cells as the header`` () =
    let lines = (RecoveryReport.toCsv (recover world [ pure' 3 ])).TrimEnd('\n').Split '\n'
    Assert.Equal(9, lines.Length)
    Assert.Equal(RecoveryReport.csvHeader, lines[0])
    let columns = lines[0].Split(',').Length
    Assert.All(lines, fun line -> Assert.Equal(columns, line.Split(',').Length))
    let cells = lines[4].Split ','
    Assert.Equal("3,,,0.5", String.Join(",", cells[..3]))
    Assert.Equal("0,1,1,1,1,0,1,1,1,1,1,1,0,recovered", String.Join(",", cells[6..]))

[<Fact>]
let ``bins of rates have equal width on a logarithmic scale, and hold the features of their range``
    ()
    =
    let feature = (recover world [ pure' 0 ]).Features[3]

    let features =
        [| for i in 0..100 ->
               { feature with
                   Rate = 10.0 ** (-3.0 + 2.0 * float i / 100.0) } |]

    let bins = (RecoverySummary.ofFeatures features).ByRate
    Assert.Equal(10, bins.Length)
    Assert.Equal(0.001, bins[0].From, 1e-9)
    Assert.Equal(0.1, bins[9].To, 1e-9)

    for bin in bins do
        Assert.Equal(10.0 ** 0.2, bin.To / bin.From, 1e-9)
        // A rate at a bound may fall on either side of it.
        Assert.InRange(bin.Group.Features, 9, 12)
