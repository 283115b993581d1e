module SynthSae.Tests.Baselines.PursuitTests

open MathNet.Numerics.LinearAlgebra
open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Baselines
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private bias = Array.init 24 (fun d -> 0.1f * float32 d)

/// Independent features with orthogonal directions.
let private orthogonal =
    { HandMadeWorlds.plain 20 24 with
        Dictionary = Dictionaries.mutuallyOrthogonal 5UL 20 24
        Bias = bias
        MeanMagnitude = Array.init 20 (fun i -> 0.5f + float32 i / 10.0f) }

let private drawn (world: World) rows =
    let truth, x = Codes world.NumFeatures, Matrix(rows, world.HiddenDim)
    (Sampler.create (Backend.Cpu 1) world).Sample(Stream.Evaluation, 0L, truth, x)
    truth, x

[<Fact>]
let ``orthogonal features are recovered exactly`` () =
    let truth, x = drawn orthogonal 300

    for backend in [ Backend.Reference; Backend.Cpu 1; Backend.Cpu 3 ] do
        let codes = Codes 20
        Pursuit.run backend orthogonal.Dictionary bias 24 0.0 0.0 x codes
        let starts, index, value = Samples.entries truth
        let starts', index', value' = Samples.entries codes
        Assert.Equal<int[]>(starts, starts')
        Assert.Equal<int[]>(index, index')
        Array.iter2 (fun (a: float32) b -> Assert.Equal(a, b, 1e-5f)) value value'

[<Fact>]
let ``the limits hold`` () =
    let truth, x = drawn orthogonal 200
    let codes = Codes 20
    Pursuit.run (Backend.Cpu 2) orthogonal.Dictionary bias 3 0.0 0.0 x codes

    for row in 0..199 do
        let truly = truth.RowIndex(row).Length
        Assert.Equal(min 3 truly, codes.RowIndex(row).Length)

    // Between the magnitudes 1.4 and 1.5.
    for correlation, coefficient in [ 1.45, 0.0; 0.0, 1.45 ] do
        Pursuit.run (Backend.Cpu 2) orthogonal.Dictionary bias 24 correlation coefficient x codes

        for row in 0..199 do
            let large = truth.RowIndex(row).ToArray() |> Array.filter (fun feature -> feature >= 10)

            Assert.Equal<int[]>(large, codes.RowIndex(row).ToArray())

/// Matching pursuit as worded, in double: the support in the order in which it was chosen, and its weights.
let private plain (atoms: Matrix) (target: float[]) steps =
    let atom i =
        Vector<float>.Build.Dense(Array.init atoms.Cols (fun d -> float atoms[i, d]))

    let all = Array.init atoms.Rows atom
    let target = Vector<float>.Build.DenseOfArray target

    let rec go (support: int list) (weights: Vector<float>) (residual: Vector<float>) =
        if support.Length = steps then
            support, weights
        else
            let best = all |> Array.map (fun atom -> atom * residual) |> Array.indexed
            let best = fst (Array.maxBy snd best)
            let support = support @ [ best ]
            let columns = Matrix<float>.Build.DenseOfColumnVectors [| for i in support -> all[i] |]
            let weights = columns.QR().Solve target
            go support weights (target - columns * weights)

    go [] null target

[<Fact>]
let ``pursuit does what its words say`` () =
    let atoms = Dictionaries.randomUnit 1 3UL 60 24
    let x = Samples.gaussian 8 40 24

    for backend in [ Backend.Reference; Backend.Cpu 2 ] do
        let codes = Codes 60
        Pursuit.run backend atoms bias 6 0.0 0.0 x codes

        for row in 0..39 do
            let target = Array.init 24 (fun d -> float x[row, d] - float bias[d])
            let support, weights = plain atoms target 6

            let expected =
                Seq.zip support weights |> Seq.filter (fun (_, w) -> w > 0.0) |> Seq.sortBy fst

            let actual = codes.RowIndex(row).ToArray()
            Assert.Equal<int[]>(expected |> Seq.map fst |> Seq.toArray, actual)

            Seq.iter2
                (fun (_, weight: float) (value: float32) -> Assert.Equal(weight, float value, 1e-4))
                expected
                (codes.RowValue(row).ToArray())
