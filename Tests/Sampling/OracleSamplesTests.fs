/// Samples against those of the reference: the 16k world with the reference's own random draws, which
/// torch's generator gives from the model's seed, and its saved batch before and after the hierarchy.
module SynthSae.Tests.OracleSamplesTests

open System
open System.IO
open System.Text.Json
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Compute.Ops
open SynthSae.Spec
open Xunit

let private valid result =
    match result with
    | Ok value -> value
    | Error errors -> failwith $"%A{errors}"

let private oracle = Benchmark16k.oracle

let private number (path: string list) =
    let property (element: JsonElement) (name: string) = element.GetProperty name
    (List.fold property oracle.Value path).GetDouble()

/// The oracle's world: the dictionary is the one before orthogonalisation.
let private world =
    lazy
        (let n, d, rank = 16384, 768, 25

         let compiled =
             SyntheticModelSpec.validate Benchmark16k.spec
             |> valid
             |> WorldCompiler.compile Backend.cpu

         let factor = TorchRandom.randn (n * rank) 46L |> Array.map (fun z -> 0.1f * z)
         let factor = Matrix.ofArray n rank factor
         let dictionary = Matrix.ofArray n d (TorchRandom.randn (n * d) 42L)

         for i in 0 .. n - 1 do
             let row = dictionary.Row i
             let norm = Simd.norm (dictionary.RowPtr i) d

             for j in 0 .. d - 1 do
                 row[j] <- row[j] / norm

         { compiled with
             Dictionary = dictionary
             Factor = factor
             ResidualSd = Correlations.residualSd factor })

let private samples = 204_800

let private statistics =
    lazy (SampleStatistics.measure (Sampler.create Backend.cpu world.Value) samples 4096)

/// Within five joint standard errors.
let private assertSame
    (what: string)
    (expected: float, expectedError: float)
    (actual: float, error: float)
    =
    let joint = sqrt (expectedError * expectedError + error * error)

    Assert.True(
        abs (actual - expected) <= 5.0 * joint,
        $"{what}: {actual} for {expected}, joint standard error {joint}"
    )

let private assertSpread what path (actual: Spread) =
    let mean = number (path @ [ "mean" ])
    let sd = number (path @ [ "std" ])
    let error = number (path @ [ "standard_error" ])
    assertSame what (mean, error) (actual.Mean, actual.StandardError)
    // The standard error of a standard deviation is at most about twice that of the mean here.
    assertSame (what + ", sd") (sd, 2.0 * error) (actual.Sd, 2.0 * actual.StandardError)

[<Fact>]
let ``as many features are active as in the reference`` () =
    assertSpread "true L0" [ "true_l0" ] statistics.Value.TrueL0

    for p, quantile in statistics.Value.TrueL0Quantiles do
        let expected =
            number [ "true_l0_quantiles"; p.ToString(Globalization.CultureInfo.InvariantCulture) ]

        Assert.True(abs (quantile - expected) <= 1.0, $"quantile {p}: {quantile} for {expected}")

    let first = statistics.Value.FirstL0

    assertSame
        "first 4096"
        (number [ "sum_rate_top_4096" ], first.StandardError)
        (first.Mean, first.StandardError)

[<Fact>]
let ``as many are active at each depth`` () =
    Assert.Equal(5, statistics.Value.ByDepth.Length)

    for depth in statistics.Value.ByDepth do
        let name = depth.Depth |> Option.map string |> Option.defaultValue "none"
        assertSpread $"depth {name}" [ "active_by_depth"; name ] depth.Active
        let expected = number [ "rate_over_base_by_depth"; name ]
        let relative = 5.0 * sqrt 2.0 * depth.Active.StandardError / depth.Active.Mean
        Assert.Equal(expected, depth.RateOverBase, relative * expected)

[<Fact>]
let ``activations are as long`` () =
    let statistics = statistics.Value
    let path = [ "activation_norm_random_dictionary" ]
    assertSpread "norm" path statistics.Norm
    let mean, sd = number (path @ [ "mean" ]), number (path @ [ "std" ])
    let error = number (path @ [ "standard_error" ])
    // d(mean² + sd²): each moves by about a standard error.
    assertSame
        "E|x|²"
        (mean * mean + sd * sd, 2.0 * (mean + 2.0 * sd) * error)
        (statistics.MeanSquaredNorm, 0.0)

    Assert.Equal(
        statistics.MeanSquaredNorm,
        statistics.TotalVariance + statistics.SquaredNormOfMean,
        1e-6
    )
    // REFERENCE 6.1: |E x|² is 26.6, with a dictionary of its own.
    Assert.InRange(statistics.SquaredNormOfMean, 24.0, 29.0)

[<Fact>]
let ``a root is active as often`` () =
    let expected = number [ "samples_with_a_root_on" ]
    let error = sqrt (expected * (1.0 - expected) / float samples)
    assertSame "root on" (expected, error) (statistics.Value.RootActive, error)

let private stored =
    lazy
        (use file = Safetensors.read (Oracles.path "oracle-16k-features.safetensors")

         {| Rate = file.Float32 "firing_rate"
            Mean = file.Float32 "mean_given_active"
            Sd = file.Float32 "std_given_active" |})

/// Assert that squares of standardised differences look like χ²: their sum within five of its standard
/// deviations, and no single one too large for their number.
let private assertChiSquare (what: string) (z: float[]) =
    let n = float z.Length
    let sum = z |> Array.sumBy (fun z -> z * z)
    let deviation = (sum - n) / sqrt (2.0 * n)
    let largest = z |> Array.maxBy abs
    Assert.True(abs deviation <= 5.0, $"{what}: χ² {sum} on {n} values, {deviation} sd off")
    Assert.True(abs largest <= 6.0, $"{what}: a difference of {largest} standard errors")

[<Fact>]
let ``every feature fires at the reference's rate`` () =
    let n = float samples

    let z =
        Array.map2
            (fun (own: FeatureStatistics) (rate: float32) ->
                let pooled = (own.Rate + float rate) / 2.0
                (own.Rate - float rate) / sqrt (2.0 * pooled * (1.0 - pooled) / n))
            statistics.Value.Features
            stored.Value.Rate

    assertChiSquare "rates" z

[<Fact>]
let ``every feature has the reference's mean and spread where it is active`` () =
    let features = statistics.Value.Features
    let expected = stored.Value

    // Where there are enough values for the normal limit.
    let often =
        [| for i in 0 .. features.Length - 1 do
               if min features[i].Rate (float expected.Rate[i]) * float samples >= 100.0 then
                   i |]

    Assert.True(often.Length > 8000, $"only {often.Length} features are active often enough")

    [| for i in often do
           let sd = (features[i].SdGivenActive + float expected.Sd[i]) / 2.0
           let counts = 1.0 / features[i].Rate + 1.0 / float expected.Rate[i]

           (features[i].MeanGivenActive - float expected.Mean[i])
           / (sd * sqrt (counts / float samples)) |]
    |> assertChiSquare "means"

[<Fact>]
let ``pairs of features fire together as in the reference`` () =
    let codes = Codes 16384
    let together = Array2D.zeroCreate<float> 16 16
    let sampler = Sampler.create Backend.cpu world.Value

    for first in 0..4096 .. samples - 1 do
        sampler.Codes(Stream.Evaluation, int64 first, 4096, codes)

        for row in 0 .. codes.Rows - 1 do
            let index = codes.RowIndex(row).ToArray() |> Array.takeWhile (fun i -> i < 16)

            for i in index do
                for j in index do
                    together[i, j] <- together[i, j] + 1.0

    let table = oracle.Value.GetProperty "cofiring_first_16"
    let n = float samples

    [| for i in 0..15 do
           for j in 0 .. i - 1 do
               let expected = table[i].[j].GetDouble()
               let own = together[i, j] / n
               let pooled = (expected + own) / 2.0
               (own - expected) / sqrt (2.0 * pooled * (1.0 - pooled) / n) |]
    |> assertChiSquare "pairs"

let private small =
    lazy
        (File.ReadAllText(Oracles.path "model/synthetic_model_config.json")
         |> SyntheticModelSpec.ofJson
         |> valid
         |> SyntheticModelSpec.validate
         |> valid
         |> WorldCompiler.compile Backend.cpu)

/// A word that lets the active child survive which survived in the reference.
let private wordFor (forest: Forest) (before: float32[]) (after: float32[]) node =
    let active =
        [| for child in forest.ChildStart[node] .. forest.ChildStart[node + 1] - 1 do
               let feature = forest.Feature[child]

               if feature >= 0 && before[feature] > 0.0f then
                   feature |]

    match active |> Array.tryFindIndex (fun feature -> after[feature] > 0.0f) with
    | Some rank ->
        uint32 (((uint64 rank <<< 32) + uint64 active.Length - 1UL) / uint64 active.Length)
    | None -> 0u

[<Fact>]
let ``the hierarchy changes a batch as the reference did, given its choices among siblings`` () =
    let world = small.Value
    use file = Safetensors.read (Oracles.path "model_samples.safetensors")
    let before = file.Matrix "hierarchy_in"
    let after = file.Matrix "hierarchy_out"
    let mutable choices = 0

    for row in 0 .. before.Rows - 1 do
        let values = before.Row(row).ToArray()
        let expected = after.Row(row).ToArray()

        let word node =
            let word = wordFor world.Forest (before.Row(row).ToArray()) expected node

            if word <> 0u then
                choices <- choices + 1

            word

        SampleCodesReference.applyHierarchy world word values

        for i in 0 .. values.Length - 1 do
            let tolerance = 1e-6f * abs expected[i]

            Assert.True(
                abs (values[i] - expected[i]) <= tolerance,
                $"row {row}, feature {i}: {values[i]} for {expected[i]}"
            )

    Assert.True(choices > 10, "hardly any choice among siblings was made")
