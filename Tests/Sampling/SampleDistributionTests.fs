/// What samples are distributed like, in worlds where theory says so.
module SynthSae.Tests.SampleDistributionTests

open System
open MathNet.Numerics
open SynthSae.Bench
open SynthSae.Compute
open Xunit

let private draw (world: World) rows =
    let codes = Codes world.NumFeatures
    (Sampler.create Backend.cpu world).Codes(Stream.Inspection, 0L, rows, codes)
    codes

/// Numbers of samples in which each feature, and each pair of features (i > j), is active.
let private counts (codes: Codes) =
    let together = Array2D.zeroCreate<float> codes.Width codes.Width

    for row in 0 .. codes.Rows - 1 do
        let index = codes.RowIndex(row).ToArray()

        for i in index do
            for j in index do
                together[i, j] <- together[i, j] + 1.0

    together

let private upperTail x =
    0.5 * SpecialFunctions.Erfc(x / sqrt 2.0)

/// P(g₁ > t₁, g₂ > t₂) for normals of correlation ρ, by integration over g₁.
let private bothAbove rho t1 t2 =
    let density z =
        exp (-0.5 * z * z) / sqrt (2.0 * Math.PI)

    let above z =
        upperTail ((t2 - rho * z) / sqrt (1.0 - rho * rho))

    Integrate.GaussLegendre((fun z -> density z * above z), t1, t1 + 12.0, 128)

/// Assert that counts of samples have these probabilities: each within five standard errors.
let private assertBinomial (what: string) (samples: int) (expected: float) (count: float) =
    let n = float samples
    let error = sqrt (n * expected * (1.0 - expected))

    Assert.True(
        abs (count - n * expected) <= 5.0 * error,
        $"{what}: {count} of {samples}, {n * expected} ± {error} expected"
    )

let private factorRows n rank length =
    let random = Random 5
    let uniform () = 2.0 * random.NextDouble() - 1.0
    let rows = Array.init n (fun _ -> Array.init rank (fun _ -> uniform ()))

    rows
    |> Array.map (fun row ->
        let norm = sqrt (row |> Array.sumBy (fun x -> x * x))
        row |> Array.map (fun x -> float32 (x * length / norm)))

/// 24 features with factor rows of the given length, so that correlations reach from weak to strong.
let private correlated rank length : World =
    let n = 24
    let factor = factorRows n rank length
    let rest = float32 (sqrt (max 0.0 (1.0 - length * length)))

    { HandMadeWorlds.plain n 3 with
        Factor = Matrix.init n rank (fun i r -> factor[i][r])
        ResidualSd = Array.create n rest
        Threshold = Array.init n (fun i -> -1.0f + 0.125f * float32 i) }

[<Theory>]
[<InlineData(5, 0.0)>]
[<InlineData(5, 0.7)>]
[<InlineData(24, 1.0)>]
let ``features fire at their rates, and in pairs as their factors say`` rank length =
    let world = correlated rank length
    let samples = 200_000
    let together = counts (draw world samples)
    let threshold i = float world.Threshold[i]

    for i in 0 .. world.NumFeatures - 1 do
        assertBinomial $"feature {i}" samples (upperTail (threshold i)) together[i, i]

        for j in 0 .. i - 1 do
            let rho =
                Seq.sum (
                    seq {
                        for r in 0 .. rank - 1 ->
                            float world.Factor[i, r] * float world.Factor[j, r]
                    }
                )

            let expected = bothAbove rho (threshold i) (threshold j)
            assertBinomial $"features {i} and {j}" samples expected together[i, j]

[<Fact>]
let ``coefficients are normal, cut off at 0`` () =
    let mean, sd = 1.0, 0.8

    let world =
        { HandMadeWorlds.plain 5 3 with
            StdMagnitude = Array.create 5 (float32 sd) }

    let codes = draw world 200_000
    let values = codes.Value[0 .. codes.Count - 1] |> Array.map float
    // Half of the draws fire, and of these the share Φ(mean/sd) is above 0.
    let share = 0.5 * upperTail (-mean / sd)
    assertBinomial "active" (5 * 200_000) share (float values.Length)
    let hazard = exp (-0.5 * (mean / sd) ** 2.0) / sqrt (2.0 * Math.PI) / upperTail (-mean / sd)
    let expected = mean + sd * hazard
    let variance = sd * sd * (1.0 - hazard * (hazard + mean / sd))
    let n = float values.Length
    let average = Array.average values
    let spread = values |> Array.averageBy (fun x -> (x - average) ** 2.0)
    Assert.Equal(expected, average, 5.0 * sqrt (variance / n))
    Assert.Equal(variance, spread, 5.0 * variance * sqrt (2.0 / n))

/// Nodes whose feature is active in a sample.
let private activeNodes (forest: Forest) (codes: Codes) row =
    codes.RowIndex(row).ToArray()
    |> Array.map (fun feature -> forest.NodeOfFeature[feature])
    |> Array.filter (fun node -> node >= 0)

[<Fact>]
let ``a gated feature is active only with its gate, and an exclusive one only without siblings``
    ()
    =
    Property.forAll (RandomWorlds.generator 60) (fun world ->
        let forest = world.Forest
        let codes = draw world 100

        seq { 0 .. codes.Rows - 1 }
        |> Seq.forall (fun row ->
            let active = Set.ofSeq (codes.RowIndex(row).ToArray())
            let nodes = activeNodes forest codes row

            let gated node =
                let gate = forest.GatingFeature[node]
                gate < 0 || active.Contains gate

            let alone =
                nodes
                |> Array.filter (fun node -> forest.Parent[node] >= 0)
                |> Array.countBy (fun node -> forest.Parent[node])
                |> Array.forall (fun (parent, count) ->
                    count = 1 || not forest.ExclusiveChildren[parent])

            Array.forall gated nodes && alone))

let private always: HandMadeWorlds.Tree =
    { Feature = -1
      Exclusive = false
      Scaled = false
      Children = [] }

[<Fact>]
let ``each active sibling is as likely to stay, whatever the neighbouring group does`` () =
    // Two roots that are always on, each with four exclusive children of which three always fire.
    let leaf feature = { always with Feature = feature }

    let root feature first =
        { always with
            Feature = feature
            Exclusive = true
            Children = [ first .. first + 3 ] |> List.map leaf }

    let never = [| 5; 9 |]

    let world =
        { HandMadeWorlds.plain 10 3 with
            Forest = HandMadeWorlds.forest 10 [ root 0 2; root 1 6 ]
            Threshold =
                Array.init 10 (fun i -> if Array.contains i never then infinityf else -infinityf) }

    let samples = 90_000
    let together = counts (draw world samples)

    for first in 2..4 do
        assertBinomial $"child {first}" samples (1.0 / 3.0) together[first, first]
        assertBinomial $"child {first + 4}" samples (1.0 / 3.0) together[first + 4, first + 4]

        for second in 6..8 do
            assertBinomial $"{first} and {second}" samples (1.0 / 9.0) together[first, second]

    for i in never do
        Assert.Equal(0.0, together[i, i])

[<Fact>]
let ``a child that is scaled grows with its parent, down the tree`` () =
    let child feature children =
        { always with
            Feature = feature
            Scaled = true
            Children = children }

    let root =
        { always with
            Feature = 0
            Children = [ child 1 [ { always with Children = [ child 2 []; child 3 [] ] } ] ] }

    let world =
        { HandMadeWorlds.plain 4 3 with
            Forest = HandMadeWorlds.forest 4 [ root ]
            Threshold = Array.create 4 -infinityf
            MeanMagnitude = [| 2.0f; 3.0f; 5.0f; 7.0f |]
            StdMagnitude = [| 0.5f; 0.0f; 0.0f; 0.0f |] }

    let codes = draw world 50

    for row in 0..49 do
        let value = codes.RowValue(row).ToArray()
        Assert.Equal(4, value.Length)
        let second = 3.0f * (value[0] / 2.0f)

        Assert.Equal<float32>(
            [| value[0]; second; 5.0f * (second / 3.0f); 7.0f * (second / 3.0f) |],
            value
        )
