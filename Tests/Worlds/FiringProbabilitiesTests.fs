module SynthSae.Tests.FiringProbabilitiesTests

open System
open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Spec
open Xunit

let private node feature children : HierarchyNode =
    { Feature = Some feature
      Children = children
      ScaleChildrenByParent = false
      Id = None }

let private leaf feature = node feature (Free [])

[<Fact>]
let ``a Zipfian profile runs from the largest to the smallest probability`` () =
    let p = FiringProbabilities.compile 0L 16384 (FiringProbability.Zipfian(0.5, 0.4, 5e-4))
    Assert.Equal(0.4f, p[0])
    Assert.Equal(5e-4f, p[16383])
    Assert.Equal(0.2820678, float p[1], 1e-6)
    Assert.Equal(0.0374191, float p[100], 1e-6)
    Assert.Equal(59.1442, p |> Array.sumBy float, 1e-3)

[<Fact>]
let ``a single feature has the largest probability`` () =
    Assert.Equal<float32[]>(
        [| 0.3f |],
        FiringProbabilities.compile 0L 1 (FiringProbability.Zipfian(1, 0.3, 0.01))
    )

    Assert.Equal<float32[]>(
        [| 0.3f |],
        FiringProbabilities.compile 0L 1 (FiringProbability.Linear(0.3, 0.01))
    )

[<Fact>]
let ``a linear profile has equal steps down`` () =
    let p = FiringProbabilities.compile 0L 5 (FiringProbability.Linear(0.5, 0.1))
    Assert.Equal<float list>([ 0.5; 0.4; 0.3; 0.2; 0.1 ], [ for x in p -> Math.Round(float x, 6) ])

[<Fact>]
let ``a random profile is torch's uniform draw for the seed`` () =
    let p = FiringProbabilities.compile 0L 6 (FiringProbability.Random(0.5, 0.1))

    for expected, actual in Seq.zip [ 0.4963; 0.7682; 0.0885; 0.1320; 0.3074 ] p do
        Assert.Equal(0.1 + 0.4 * expected, float actual, 5e-5)

[<Fact>]
let ``compensation divides by the parent's probability and makes up for lost ties`` () =
    let p = [| 0.5f; 0.2f; 0.1f; 0.3f; 0.05f |]

    let forest =
        Forests.compile 5 [ node 0 (Exclusive [ leaf 1; leaf 2 ]); node 3 (Free [ leaf 4 ]) ]

    let factor = FiringProbabilities.compensationFactors p forest
    Assert.Equal(1.0, factor[0], 1e-6)
    Assert.Equal(2.0 * (1.0 + 0.1 / 0.5), factor[1], 1e-6)
    Assert.Equal(2.0 * (1.0 + 0.2 / 0.5), factor[2], 1e-6)
    Assert.Equal(1.0, factor[3], 1e-6)
    Assert.Equal(1.0 / 0.3, factor[4], 1e-6)

[<Fact>]
let ``an organisational node passes its parent's probability on`` () =
    let p = [| 0.5f; 0.2f; 0.1f; 0.3f |]

    let group children = { node 0 children with Feature = None }

    let forest =
        Forests.compile
            4
            [ node 0 (Free [ group (Exclusive [ leaf 1; leaf 2 ]) ]); group (Free [ leaf 3 ]) ]

    let factor = FiringProbabilities.compensationFactors p forest
    Assert.Equal(2.0 * (1.0 + 0.1 / 0.5), factor[1], 1e-6)
    Assert.Equal(1.0, factor[3], 1e-6)

[<Fact>]
let ``probabilities raised beyond 1 are clamped and counted`` () =
    let p = [| 0.1f; 0.3f; 1.0f; 0.05f |]
    let forest = Forests.compile 4 [ node 0 (Free [ leaf 1; leaf 2; leaf 3 ]) ]
    let struct (raised, clamped) = FiringProbabilities.compensate p forest
    Assert.Equal<float32[]>([| 0.1f; 1.0f; 1.0f; 0.5f |], raised)
    Assert.Equal(1, clamped)

[<Fact>]
let ``thresholds leave the firing probability above them`` () =
    let holds p =
        let tau = FiringProbabilities.threshold (float32 p)
        let above = 1.0 - MathNet.Numerics.Distributions.Normal.CDF(0.0, 1.0, float tau)
        abs (above - p) < 1e-6

    Property.forAll (Gen.choose (1, 9999) |> Gen.map (fun i -> float i / 10000.0)) holds
    Assert.Equal(Single.PositiveInfinity, FiringProbabilities.threshold 0.0f)
    Assert.Equal(Single.NegativeInfinity, FiringProbabilities.threshold 1.0f)
    Assert.Equal(0.0f, FiringProbabilities.threshold 0.5f)
    Assert.Equal(3.290527f, FiringProbabilities.threshold 0.0005f, 1e-5f)
