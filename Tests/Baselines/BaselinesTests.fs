module SynthSae.Tests.Baselines.BaselinesTests

open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Baselines
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

let private world = lazy ModelFolder.read (Oracles.path "small_model")

let private settings: BaselineSettings = { Width = 128; Samples = 8000L; FitSamples = 2000 }

let private run backend (world: World) settings names =
    let none _ _ _ = ()

    Baselines.run none (Sampler.create backend world) settings (Baseline.select names)
    |> Seq.toList

let private small =
    lazy (run (Backend.Cpu 2) world.Value settings (List.map fst Baseline.named))

let private named name =
    small.Value |> List.find (fun result -> result.Name = name)

[<Fact>]
let ``the true activations score 1`` () =
    let truth = named "truth"
    let metrics = truth.Metrics

    for figure in
        [ metrics.F1Score; metrics.Precision; metrics.Recall; metrics.Accuracy; truth.MicroF1 ] do
        Assert.Equal(1.0, figure)

    Assert.Equal(0.0, truth.StandardErrors.F1Score)
    Assert.Equal(0.0, truth.MicroF1Error)
    Assert.True(metrics.SaeL0 < metrics.TrueL0)

[<Fact>]
let ``what knows more is better`` () =
    for worse, better in
        [ "tied", "tied-own"
          "tied", "tied-lista"
          "tied-own", "tied-lista-own"
          "tied-own", "lda"
          "tied-lista", "lda-lista"
          "lda", "lda-pruned"
          "lda-own", "probe-own"
          "omp", "omp-strong"
          "omp-strong", "omp-all"
          "omp-all", "truth" ] do
        let gain = (named better).Metrics.F1Score - (named worse).Metrics.F1Score

        let error =
            sqrt (
                (named worse).StandardErrors.F1Score ** 2.0
                + (named better).StandardErrors.F1Score ** 2.0
            )

        Assert.True(gain > 4.0 * error, $"{better} is not better than {worse}: {gain} ± {error}")

[<Fact>]
let ``one threshold makes as many latents fire as there are features active`` () =
    let l0 = (named "truth").Metrics.SaeL0

    for name in [ "tied"; "tied-lista"; "lda"; "lda-lista" ] do
        let metrics, errors = (named name).Metrics, (named name).StandardErrors
        // The threshold is itself fitted, on a quarter as many samples.
        Assert.InRange(metrics.SaeL0, l0 - 12.0 * errors.SaeL0, l0 + 12.0 * errors.SaeL0)

[<Fact>]
let ``a baseline that is an SAE scores as that SAE`` () =
    let world = world.Value
    let backend = Backend.Cpu 2
    let sampler = Sampler.create backend world
    let means = ClassMeans.count sampler Stream.Training 8000L 150_000 128
    let truth, x = Codes world.NumFeatures, Matrix(2000, world.HiddenDim)
    sampler.Sample(Stream.Training, 0L, truth, x)
    let tied = Detectors.tied world 128
    let thresholds = Thresholds.fit backend tied x truth means.TrackedL0

    for name, cuts in [ "tied", Array.create 128 thresholds.Global; "tied-own", thresholds.Own ] do
        let sae = { tied with Activation = Activation.JumpRelu cuts }

        let expected =
            Evaluation.run backend sampler world sae { Samples = 8000L; BatchSize = 1024 }

        let actual = named name
        Assert.Equal(1.0, expected.Metrics.Mcc, 1e-6)

        Assert.Equal({ expected.Metrics with Mcc = 1.0 }, actual.Metrics)

        Assert.Equal({ expected.StandardErrors with Mcc = 0.0 }, actual.StandardErrors)

[<Fact>]
let ``results do not depend on threads`` () =
    let few = { settings with Samples = 1500L; FitSamples = 300 }

    let names = List.map fst Baseline.named
    let alone = run (Backend.Cpu 1) world.Value few names
    let together = run (Backend.Cpu 3) world.Value few names
    Assert.Equal<BaselineResult list>(alone, together)

[<Fact>]
let ``the reference backend comes to the same`` () =
    let world = HandMadeWorlds.plain 12 12

    let world =
        { world with
            Dictionary = Dictionaries.randomUnit 1 2UL 12 12
            StdMagnitude = Array.create 12 0.2f
            Threshold = Array.create 12 1.0f }

    let few = { Width = 8; Samples = 500L; FitSamples = 200 }

    let names = List.map fst Baseline.named
    let plain = run Backend.Reference world few names
    let fast = run (Backend.Cpu 2) world few names

    for plain, fast in List.zip plain fast do
        // Scores next to a threshold, or to a tie, may fall on either side: one in a hundred at the most.
        Assert.Equal(plain.Metrics.F1Score, fast.Metrics.F1Score, 0.01)
        Assert.Equal(plain.Metrics.SaeL0, fast.Metrics.SaeL0, 0.02)

[<Fact>]
let ``names choose baselines and those that continue them`` () =
    let chosen names = Baseline.select names |> List.map fst

    Assert.Equal<string list>([ "tied-lista"; "tied-lista-own" ], chosen [ "tied-lista" ])

    Assert.Equal<string list>(
        [ "truth"; "omp"; "omp-strong"; "omp-all" ],
        chosen [ "omp"; "truth"; "omp-all" ]
    )

    let error = Assert.Throws<BadInput>(fun () -> chosen [ "tie" ] |> ignore)
    Assert.Contains("there is no tie", error.Message)

[<Fact>]
let ``sizes that cannot be are refused`` () =
    for wrong in
        [ { settings with Width = 0 }
          { settings with Width = 257 }
          { settings with Samples = 0L }
          { settings with FitSamples = 99 } ] do
        Assert.Throws<BadInput>(fun () ->
            run (Backend.Cpu 1) world.Value wrong [ "truth" ] |> ignore)
        |> ignore
