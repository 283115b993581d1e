module SynthSae.Tests.Baselines.Benchmark16kTests

open SynthSae.Compute
open SynthSae.Compute.Baselines
open SynthSae.Spec
open SynthSae.Tests
open Xunit

/// SynthSAEBench-16k with a random dictionary, as the figures below were taken on.
let private world scaled =
    let hierarchy =
        match Benchmark16k.spec.Hierarchy with
        | Some(Hierarchy.Generated settings) ->
            Hierarchy.Generated { settings with ScaleChildrenByParent = scaled }
        | other -> failwith $"{other}"

    let spec = { Benchmark16k.spec with Hierarchy = Some hierarchy }

    match SyntheticModelSpec.validate spec with
    | Ok valid -> WorldCompiler.compile Backend.cpu valid
    | Error errors -> failwith $"{errors}"

let private settings: BaselineSettings =
    { Width = 4096; Samples = 20_000L; FitSamples = 20_000 }

let private run world settings names =
    let none _ _ _ = ()
    let sampler = Sampler.create Backend.cpu world
    Baselines.run none sampler settings (Baseline.select names) |> Seq.toList

/// The mean F1 of some baselines is within 0.01 of what was measured on another world of the same kind by other
/// code, apart from the error of sampling here. Four worlds that differ in their seed have standard deviations
/// of 0.004.
let private assertF1 expected (results: BaselineResult list) =
    for name, f1 in expected do
        let result = results |> List.find (fun result -> result.Name = name)
        let bound = 0.01 + 3.0 * result.StandardErrors.F1Score
        let actual = result.Metrics.F1Score
        Assert.True(abs (actual - f1) < bound, $"{name}: {actual} instead of {f1}")

[<Fact; Trait("Category", "Heavy")>]
let ``with children scaled, baselines reach what is known of them`` () =
    run (world true) settings [ "tied"; "lda"; "omp"; "omp-strong" ]
    |> assertF1
        [ "tied", 0.757
          "tied-own", 0.789
          "tied-lista", 0.867
          "tied-lista-own", 0.889
          "lda", 0.874
          "lda-own", 0.895
          "lda-lista", 0.955
          "lda-lista-own", 0.953
          "lda-pruned", 0.985
          "omp", 0.768
          "omp-strong", 0.892 ]

[<Fact; Trait("Category", "Heavy")>]
let ``with children not scaled, baselines reach what is known of them`` () =
    run (world false) settings [ "lda" ]
    |> assertF1
        [ "lda", 0.948
          "lda-own", 0.965
          "lda-lista", 0.986
          "lda-lista-own", 0.985
          "lda-pruned", 0.996 ]

[<Fact; Trait("Category", "Heavy")>]
let ``pursuit over all true directions makes one decision in a thousand wrong`` () =
    let few =
        { settings with
            Width = 16384
            Samples = 2048L
            FitSamples = 2000 }

    let result = run (world true) few [ "omp-all" ] |> List.exactlyOne
    Assert.InRange(result.MicroF1, 0.9985, 1.0)
    Assert.Equal(1.0, result.Metrics.ExplainedVariance, 1e-3)
