module SynthSae.Tests.Baselines.DetectorsTests

open System
open MathNet.Numerics.LinearAlgebra
open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Baselines
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

let private world = lazy ModelFolder.read (Oracles.path "small_model")
let private width = 100
let private count = 3000

let private drawn =
    lazy
        (let truth, x = Codes world.Value.NumFeatures, Matrix(count, world.Value.HiddenDim)
         let sampler = Sampler.create (Backend.Cpu 1) world.Value
         sampler.Sample(Stream.Training, 0L, truth, x)
         Codes.toDense truth, x)

/// The features of the tree that a feature is part of, itself included.
let private family (world: World) feature =
    let forest = world.Forest

    let rec root node =
        if forest.Parent[node] < 0 then node else root forest.Parent[node]

    match forest.NodeOfFeature[feature] with
    | -1 -> [ feature ]
    | node ->
        [ for other in 0 .. world.NumFeatures - 1 do
              let at = forest.NodeOfFeature[other]

              if at >= 0 && root at = root node then
                  other ]

/// E[x | i active] − E[x | i silent] by way of the tree of i, in double.
let private difference (world: World) (truth: Matrix) feature =
    let rows = [| 0 .. truth.Rows - 1 |]
    let active, silent = rows |> Array.partition (fun row -> truth[row, feature] > 0.0f)
    let delta: float[] = Array.zeroCreate world.HiddenDim

    for other in family world feature do
        let mean rows =
            rows |> Array.averageBy (fun row -> float truth[row, other])

        let coefficient = mean active - mean silent

        for d in 0 .. world.HiddenDim - 1 do
            delta[d] <- delta[d] + coefficient * float world.Dictionary[other, d]

    Vector<float>.Build.DenseOfArray delta

let private isBoth (truth: Matrix) feature =
    let active = Seq.filter (fun row -> truth[row, feature] > 0.0f) (seq { 0 .. count - 1 })
    not (Seq.isEmpty active) && Seq.length active < count

[<Fact>]
let ``class means are those of the codes within a tree`` () =
    let truth, _ = drawn.Value
    let sampler = Sampler.create (Backend.Cpu 2) world.Value
    let means = ClassMeans.count sampler Stream.Training 0L count width

    for feature in 0 .. world.Value.NumFeatures - 1 do
        let column = Array.init count (fun row -> float truth[row, feature])
        Assert.Equal(Array.average column, means.Mean[feature], 1e-6)

        let active = column |> Array.filter (fun value -> value > 0.0)
        Assert.Equal(float active.Length / float count, means.Rate[feature], 1e-12)

    for feature in 0 .. width - 1 do
        let expected =
            if isBoth truth feature then
                difference world.Value truth feature
            else
                Vector<float>.Build.Dense world.Value.HiddenDim

        for d in 0 .. world.Value.HiddenDim - 1 do
            Assert.Equal(expected[d], float means.Difference[feature, d], 1e-5)

[<Fact>]
let ``scores of the discriminant are those of the formula in double`` () =
    let world, (truth, x) = world.Value, drawn.Value
    let dim = world.HiddenDim

    let samples = Matrix<float>.Build.Dense(count, dim, fun row d -> float x[row, d])

    let mean = samples.ColumnSums() / float count

    let centred = Matrix<float>.Build.Dense(count, dim, fun row d -> samples[row, d] - mean[d])

    let covariance = centred.TransposeThisAndMultiply centred / float count

    let sae =
        let sampler = Sampler.create (Backend.Cpu 2) world

        Detectors.lda
            (Backend.Cpu 2)
            world
            (ClassMeans.count sampler Stream.Training 0L count width)
            (Whitening.estimate sampler Stream.Training 0L count)

    let scores = PlainSae.pre sae x

    for feature in 0 .. width - 1 do
        if isBoth truth feature then
            let delta = difference world truth feature
            let direction = covariance.LU().Solve delta
            let values = Array.init count (fun row -> float truth[row, feature])
            let amplitude = values |> Array.filter (fun value -> value > 0.0) |> Array.average
            let scale = amplitude / (direction * delta)
            let expected = (centred * direction) * scale + Array.average values

            // The ridge is 1e-5 of the mean eigenvalue, float32 adds as much.
            for row in 0 .. count - 1 do
                Assert.Equal(expected[row], scores[row, feature], 2e-3 * amplitude)

[<Fact>]
let ``a feature that never fires is never detected`` () =
    let plain = HandMadeWorlds.plain 8 8

    let world =
        { plain with
            Threshold = Array.init 8 (fun i -> if i = 3 then infinityf else 0.0f) }

    let sampler = Sampler.create (Backend.Cpu 1) world
    let means = ClassMeans.count sampler Stream.Training 0L 1000 8
    let whitening = Whitening.estimate sampler Stream.Training 0L 1000
    let sae = Detectors.lda (Backend.Cpu 1) world means whitening
    Assert.Equal(0.0, means.Amplitude 3)
    Assert.Equal(0.0f, sae.EncoderBias[3])
    Assert.True(sae.Encoder.Row(3).ToArray() |> Array.forall ((=) 0.0f))

[<Fact>]
let ``whitened samples have mean 0 and covariance 1`` () =
    let sampler = Sampler.create (Backend.Cpu 2) world.Value
    let whitening = Whitening.estimate sampler Stream.Training 0L count
    let _, x = drawn.Value

    let centred = Matrix.init count x.Cols (fun row d -> x[row, d] - whitening.Mean[d])

    let white = Whitening.apply (Backend.Cpu 2) whitening centred

    let column d =
        Array.init count (fun row -> float white[row, d])

    for a in 0..7..63 do
        Assert.Equal(0.0, Array.average (column a), 1e-3)

        for b in 0..63 do
            let product = Array.map2 (*) (column a) (column b) |> Array.average
            Assert.Equal((if a = b then 1.0 else 0.0), product, 1e-3)

/// Logistic regression by Newton's method, in double: weights and offset.
let private newton (x: float[][]) (active: bool[]) =
    let dim = x[0].Length + 1

    let design =
        Matrix<float>.Build.Dense(x.Length, dim, fun row d -> if d = 0 then 1.0 else x[row][d - 1])

    let target = Vector<float>.Build.Dense(x.Length, fun row -> if active[row] then 1.0 else 0.0)
    let mutable weights = Vector<float>.Build.Dense dim

    for _ in 1..30 do
        let p = (design * weights).Map(fun z -> 1.0 / (1.0 + Math.Exp -z))
        let slope = design.TransposeThisAndMultiply(target - p)
        let spread = p.Map(fun p -> p * (1.0 - p))

        let curvature =
            design.TransposeThisAndMultiply(
                Matrix<float>.Build.Dense(x.Length, dim, fun row d -> spread[row] * design[row, d])
            )

        weights <- weights + curvature.Cholesky().Solve slope

    weights

let private logLoss (logits: float[]) (active: bool[]) =
    Array.map2 (fun z on -> Math.Log(1.0 + Math.Exp(if on then -z else z))) logits active
    |> Array.average

[<Fact>]
let ``probes are as good as logistic regression by Newton's method`` () =
    // Magnitudes vary, and eight features share five dimensions: no probe is perfect.
    let world =
        { HandMadeWorlds.plain 8 5 with
            Dictionary = Dictionaries.randomUnit 1 11UL 8 5
            Threshold = Array.init 8 (fun i -> 0.3f * float32 i)
            StdMagnitude = Array.create 8 0.5f }

    let sampler = Sampler.create (Backend.Cpu 2) world
    let means = ClassMeans.count sampler Stream.Training 0L 20_000 8
    let whitening = Whitening.estimate sampler Stream.Training 0L 20_000
    // So few dimensions want larger weights than many.
    let settings =
        { ProbeSettings.standard 1_600_000 with
            LearningRate = 0.05 }

    let sae = Probes.train ignore sampler Stream.Training 100_000L means whitening settings
    let truth, x = Codes 8, Matrix(40_000, 5)

    let draw stream =
        sampler.Sample(stream, 0L, truth, x)
        Array.init x.Rows (fun row -> Array.init 5 (fun d -> float x[row, d])), Codes.toDense truth

    let fitX, fitTruth = draw Stream.Inspection
    let testX, testTruth = draw Stream.Evaluation
    let scores = PlainSae.pre sae x

    for feature in 0..7 do
        let active (truth: Matrix) =
            Array.init x.Rows (fun row -> truth[row, feature] > 0.0f)

        let weights = newton fitX (active fitTruth)

        let best =
            testX
            |> Array.map (fun x ->
                weights[0] + Seq.sum (Seq.mapi (fun d v -> v * weights[d + 1]) x))

        let probe = Array.init x.Rows (fun row -> scores[row, feature] - float Probes.EvenOdds)

        let ofBest, ofProbe = logLoss best (active testTruth), logLoss probe (active testTruth)
        // Six weights fitted to n samples cost 6 / 2n of loss; Adam has ended as near.
        Assert.InRange(ofProbe, 0.0, 1.01 * ofBest + 1e-3)
