module SynthSae.Tests.WorldCompilerTests

open System
open SynthSae.Compute
open SynthSae.Spec
open Xunit

let private compile spec =
    match SyntheticModelSpec.validate spec with
    | Ok valid -> WorldCompiler.compile Backend.cpu valid
    | Error errors -> failwith $"%A{errors}"

/// The benchmark's world with a small dictionary: nothing else depends on D.
let private world = lazy (compile { Benchmark16k.spec with HiddenDim = 32 })

let private assertTable name (tolerance: float) (actual: int -> float) =
    for feature, expected in Benchmark16k.byFeature name do
        let value = actual feature

        Assert.True(
            abs (value - expected) <= tolerance * abs expected,
            $"{name} of feature {feature}: {value} for {expected}"
        )

[<Fact>]
let ``base probabilities are the reference's`` () =
    let p = world.Value.BaseProbability
    assertTable "base_probability" 1e-6 (fun i -> float p[i])
    let total = (Benchmark16k.deterministic "sum_base_probability").GetDouble()
    Assert.Equal(total, p |> Array.sumBy float, 1e-4)

[<Fact>]
let ``compensated probabilities are the reference's`` () =
    let world = world.Value
    let factor = FiringProbabilities.compensationFactors world.BaseProbability world.Forest
    assertTable "correction_factor" 2e-6 (fun i -> factor[i])
    assertTable "used_probability" 2e-6 (fun i -> float world.Probability[i])
    Assert.Equal(7166.5, world.Probability |> Array.sumBy float, 0.05)
    Assert.Empty world.Warnings

[<Fact>]
let ``magnitudes are the reference's`` () =
    let world = world.Value
    assertTable "mean_magnitude" 2e-7 (fun i -> float world.MeanMagnitude[i])
    // An ulp or two: the reference's own logarithm, sine and cosine are vectorised.
    assertTable "std_magnitude_of_seed" 2e-6 (fun i -> float world.StdMagnitude[i])
    let mean = (Benchmark16k.deterministic "std_magnitude_mean").GetDouble()
    Assert.Equal(mean, world.StdMagnitude |> Array.averageBy float, 1e-6)

[<Fact>]
let ``parents and depths are the reference's`` () =
    let forest = world.Value.Forest
    let nodeOf feature = forest.NodeOfFeature[feature]

    for feature, expected in Benchmark16k.byFeature "parents" do
        let node = nodeOf feature
        let parent = if node < 0 then -1 else forest.GatingFeature[node]
        Assert.Equal(int expected, parent)

    for depth, expected in Benchmark16k.byFeature "features_by_depth" do
        let count =
            Seq.length (
                seq { 0..16383 }
                |> Seq.filter (fun i ->
                    (if nodeOf i < 0 then -1 else forest.Depth[nodeOf i]) = depth)
            )

        Assert.Equal(int expected, count)

    Assert.Equal(2688, forest.ExclusiveChildren |> Array.filter id |> Array.length)

[<Fact>]
let ``bias and correlation have the reference's size`` () =
    let world = world.Value
    let norm = Math.Sqrt(world.Bias |> Array.sumBy (fun x -> float x * float x))
    Assert.Equal((Benchmark16k.deterministic "bias_norm").GetDouble(), norm, 1e-6)
    Assert.Equal(25, world.Rank)

[<Fact>]
let ``an open seed means 0`` () =
    let arrays seed =
        let spec = { SyntheticModelSpec.create 30 8 with Seed = seed }
        let world = compile spec
        world.Dictionary.Span.ToArray(), world.Bias

    Assert.Equal(arrays (Some 0L), arrays None)
    Assert.NotEqual(arrays (Some 1L), arrays None)

[<Fact>]
let ``capped rows and clamped probabilities are reported`` () =
    let leaf feature : HierarchyNode =
        { Feature = Some feature
          Children = Free []
          ScaleChildrenByParent = false
          Id = None }

    let root = { leaf 0 with Children = Free [ leaf 1 ] }

    let spec =
        { SyntheticModelSpec.create 3 8 with
            FiringProbability = FiringProbability.Explicit [| 0.1; 0.3; 0.2 |]
            Hierarchy = Some(Hierarchy.Explicit([ root ], true))
            Correlation = Correlation.LowRank(8, 2.0) }

    let world = compile spec
    Assert.Equal(2, world.Warnings.Length)
    Assert.Contains("3 of 3 rows", world.Warnings[0])
    Assert.Contains("1 features", world.Warnings[1])

[<Fact>]
let ``a parent of mean 0 cannot scale its children`` () =
    let leaf feature : HierarchyNode =
        { Feature = Some feature
          Children = Free []
          ScaleChildrenByParent = true
          Id = None }

    let spec =
        { SyntheticModelSpec.create 2 8 with
            MeanFiringMagnitudes = Magnitude.Explicit [| 0.0; 1.0 |]
            Hierarchy =
                Some(Hierarchy.Explicit([ { leaf 0 with Children = Free [ leaf 1 ] } ], false)) }

    // Trees may come from a file that the specification says nothing about.
    let assemble () =
        WorldCompiler.assemble
            spec
            { Dictionary = Matrix.zeros 2 8
              Bias = Array.zeroCreate 8
              Factor = Matrix.zeros 2 0
              ResidualSd = [| 1.0f; 1.0f |]
              Trees = Forests.trees 0UL 2 spec.Hierarchy }
        |> ignore

    Assert.Throws<BadInput> assemble |> ignore
