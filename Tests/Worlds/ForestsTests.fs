module SynthSae.Tests.ForestsTests

open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Spec
open Xunit

let private shape: GeneratedHierarchy =
    { TotalRootNodes = 3
      BranchingFactor = BranchingFactor.Fixed 2
      MaxDepth = 2
      MutuallyExclusivePortion = 0.0
      MutuallyExclusiveMinDepth = 0
      MutuallyExclusiveMaxDepth = None
      CompensateProbabilities = false
      ScaleChildrenByParent = false }

/// Specifications of every kind with a number of features that may run out early.
let private specs =
    gen {
        let! roots = Gen.choose (1, 12)
        let! least = Gen.choose (2, 4)
        let! more = Gen.choose (0, 3)
        let! depth = Gen.choose (1, 4)
        let! portion = Gen.choose (0, 10)
        let! minDepth = Gen.choose (0, 2)
        let! maxDepth = Gen.optionOf (Gen.choose (2, 4))
        let! scale = Gen.elements [ true; false ]
        let! features = Gen.choose (1, 300)
        let! seed = Gen.choose (0, 1000)

        return
            uint64 seed,
            features,
            { shape with
                TotalRootNodes = roots
                BranchingFactor =
                    if more = 0 then
                        BranchingFactor.Fixed least
                    else
                        BranchingFactor.Between(least, least + more)
                MaxDepth = depth
                MutuallyExclusivePortion = float portion / 10.0
                MutuallyExclusiveMinDepth = minDepth
                MutuallyExclusiveMaxDepth = maxDepth
                ScaleChildrenByParent = scale }
    }

let private forestOf (seed, features, shape) =
    Forests.compile features (Forests.generate seed features shape)

let private childCount (forest: Forest) node =
    forest.ChildStart[node + 1] - forest.ChildStart[node]

[<Fact>]
let ``features are numbered breadth first`` () =
    let forest = Forests.compile 30 (Forests.generate 0UL 30 shape)
    Assert.Equal<int[]>([| 0..20 |], forest.Feature)
    Assert.Equal<int[]>([| 0; 0; 1; 1; 2; 2 |], forest.Parent[3..8])
    Assert.Equal<int[]>([| 3; 3; 4; 4 |], forest.Parent[9..12])
    Assert.Equal<int[]>(Array.create 9 -1, forest.NodeOfFeature[21..])

[<Fact>]
let ``children are consecutive nodes below their parent`` () =
    Property.forAll specs (fun spec ->
        let forest = forestOf spec
        let nodes = [ 0 .. forest.Nodes - 1 ]

        let childrenOf node =
            [ forest.ChildStart[node] .. forest.ChildStart[node + 1] - 1 ]

        forest.ChildStart[0] = forest.Roots
        && forest.ChildStart[forest.Nodes] = forest.Nodes
        && nodes
           |> List.forall (fun node ->
               childrenOf node
               |> List.forall (fun child ->
                   forest.Parent[child] = node && forest.Depth[child] = forest.Depth[node] + 1)))

[<Fact>]
let ``generation uses as many features as the rules allow`` () =
    Property.forAll specs (fun (seed, features, shape) ->
        let forest = forestOf (seed, features, shape)

        let inner =
            [ for node in 0 .. forest.Nodes - 1 do
                  if forest.Depth[node] < shape.MaxDepth then
                      node ]

        let withinBounds node =
            match shape.BranchingFactor with
            | BranchingFactor.Fixed count -> childCount forest node = count
            | BranchingFactor.Between(least, most) ->
                let count = childCount forest node
                count >= least && count <= most

        forest.Roots = min shape.TotalRootNodes features
        && (forest.Nodes = features || List.forall withinBounds inner)
        && forest.Depth |> Array.forall (fun depth -> depth <= shape.MaxDepth))

[<Fact>]
let ``the share of exclusive parents is cut to a whole number of eligible ones`` () =
    Property.forAll specs (fun (seed, features, shape) ->
        let forest = forestOf (seed, features, shape)
        let deepest = defaultArg shape.MutuallyExclusiveMaxDepth 99

        let eligible node =
            childCount forest node >= 2
            && forest.Depth[node] >= shape.MutuallyExclusiveMinDepth
            && forest.Depth[node] <= deepest

        let nodes = [ 0 .. forest.Nodes - 1 ]
        let chosen = nodes |> List.filter (fun node -> forest.ExclusiveChildren[node])
        let count = List.filter eligible nodes |> List.length

        List.forall eligible chosen
        && chosen.Length = int (float count * shape.MutuallyExclusivePortion))

[<Fact>]
let ``a forest turned to trees compiles to itself`` () =
    Property.forAll specs (fun spec ->
        let _, features, _ = spec
        let forest = forestOf spec
        Forests.compile features (Forests.toTrees forest) = forest)

[<Fact>]
let ``random branching reaches both ends of its range`` () =
    let wide =
        { shape with
            TotalRootNodes = 200
            MaxDepth = 1
            BranchingFactor = BranchingFactor.Between(2, 4) }

    let forest = forestOf (5UL, 2000, wide)
    let counts = [ for node in 0..199 -> childCount forest node ] |> List.countBy id |> Map
    // Each count has probability 1/3: 66.7 ± 5·6.7 of 200.
    for count in 2..4 do
        Assert.InRange(counts[count], 33, 100)

[<Fact>]
let ``gating skips organisational nodes, and scaling is the immediate parent's`` () =
    let leaf feature : HierarchyNode =
        { Feature = Some feature
          Children = Free []
          ScaleChildrenByParent = false
          Id = None }

    let group =
        { leaf 0 with
            Feature = None
            Children = Exclusive [ leaf 1; leaf 2 ]
            ScaleChildrenByParent = true }

    let root = { leaf 0 with Children = Free [ group; leaf 3 ] }
    let forest = Forests.compile 5 [ root; { group with Children = Free [ leaf 4 ] } ]
    // Nodes: root, free-standing group, group, 3, 4, 1, 2.
    Assert.Equal<int[]>([| 0; -1; -1; 3; 4; 1; 2 |], forest.Feature)
    Assert.Equal<int[]>([| -1; -1; 0; 0; -1; 0; 0 |], forest.GatingFeature)
    Assert.Equal<bool[]>([| false; false; false; false; false; true; true |], forest.ScaledByParent)
    Assert.Equal<int[]>([| 0; 5; 6; 3; 4 |], forest.NodeOfFeature)

[<Fact>]
let ``a feature that occurs twice or is not below N is bad input`` () =
    let root feature : HierarchyNode =
        { Feature = Some feature
          Children = Free []
          ScaleChildrenByParent = false
          Id = None }

    Assert.Throws<BadInput>(fun () -> Forests.compile 3 [ root 1; root 1 ] |> ignore)
    |> ignore

    Assert.Throws<BadInput>(fun () -> Forests.compile 3 [ root 3 ] |> ignore) |> ignore
    Assert.Throws<BadInput>(fun () -> Forests.compile 3 [ root -2 ] |> ignore) |> ignore

[<Fact>]
let ``a chain of a hundred thousand nodes compiles`` () =
    let leaf feature : HierarchyNode =
        { Feature = Some feature
          Children = Free []
          ScaleChildrenByParent = false
          Id = None }

    let n = 100_000

    let chain =
        Seq.fold
            (fun below feature -> { leaf feature with Children = Free [ below ] })
            (leaf (n - 1))
            (seq { n - 2 .. -1 .. 0 })

    let forest = Forests.compile n [ chain ]
    Assert.Equal(n - 1, forest.Depth[n - 1])
    Assert.Equal(1, (Forests.toTrees forest).Length)
