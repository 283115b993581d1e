namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Spec

/// Worlds put together array by array, without a compiler: any forest, any thresholds.
module HandMadeWorlds =
    /// A tree whose nodes hold a feature, or −1.
    type Tree =
        { Feature: int
          Exclusive: bool
          Scaled: bool
          Children: Tree list }

    /// The flat form of trees over N features.
    let forest numFeatures (roots: Tree list) : Forest =
        let nodes = ResizeArray<struct (Tree * int * int * int)>()
        let childStart = ResizeArray [ roots.Length ]

        for root in roots do
            nodes.Add(struct (root, -1, 0, -1))

        let mutable next = 0

        while next < nodes.Count do
            let struct (tree, _, depth, gating) = nodes[next]
            let below = if tree.Feature >= 0 then tree.Feature else gating

            for child in tree.Children do
                nodes.Add(struct (child, next, depth + 1, below))

            next <- next + 1
            childStart.Add nodes.Count

        let each f = nodes |> Seq.map f |> Seq.toArray
        let nodeOfFeature = Array.create numFeatures -1

        nodes
        |> Seq.iteri (fun node struct (tree, _, _, _) ->
            if tree.Feature >= 0 then
                nodeOfFeature[tree.Feature] <- node)

        { Roots = roots.Length
          Feature = each (fun struct (tree, _, _, _) -> tree.Feature)
          Depth = each (fun struct (_, _, depth, _) -> depth)
          Parent = each (fun struct (_, parent, _, _) -> parent)
          GatingFeature = each (fun struct (_, _, _, gating) -> gating)
          ChildStart = childStart.ToArray()
          ExclusiveChildren = each (fun struct (tree, _, _, _) -> tree.Exclusive)
          ScaledByParent = each (fun struct (tree, _, _, _) -> tree.Scaled)
          NodeOfFeature = nodeOfFeature }

    /// N independent features of magnitude 1 that fire half of the time, in R^D, without a forest.
    let plain numFeatures hiddenDim : World =
        { Spec = SyntheticModelSpec.create numFeatures hiddenDim
          Dictionary =
            Matrix.init numFeatures hiddenDim (fun i d -> if i % hiddenDim = d then 1.0f else 0.0f)
          Bias = Array.zeroCreate hiddenDim
          BaseProbability = Array.create numFeatures 0.5f
          Probability = Array.create numFeatures 0.5f
          Threshold = Array.zeroCreate numFeatures
          Factor = Matrix.zeros numFeatures 0
          ResidualSd = Array.create numFeatures 1.0f
          MeanMagnitude = Array.create numFeatures 1.0f
          StdMagnitude = Array.zeroCreate numFeatures
          Forest = forest numFeatures []
          Seed = 1UL
          Warnings = [] }

    let private shuffled (random: Random) count =
        let items = Array.init count id
        random.Shuffle items
        items

    /// A random forest: nodes with and without features at any depth, free and exclusive, scaled and not.
    let private randomForest (random: Random) numFeatures =
        let inForest = random.Next(numFeatures + 1)
        let nodes = inForest + random.Next(1 + inForest / 2)
        let ordered = random.Next 2 = 0
        let features = if ordered then Array.init numFeatures id else shuffled random numFeatures
        let carries = shuffled random nodes |> Array.map (fun i -> i < inForest)
        let rootShare = random.NextDouble()
        let bushy = random.Next 2 = 0

        let parent =
            Array.init nodes (fun node ->
                if node = 0 || random.NextDouble() < rootShare * 0.5 then -1
                elif bushy then random.Next(1 + (node - 1) / 4)
                else random.Next node)

        let rank = Array.scan (fun seen carries -> if carries then seen + 1 else seen) 0 carries

        let rec tree node =
            { Feature = if carries[node] then features[rank[node]] else -1
              Exclusive = random.Next 2 = 0
              Scaled = random.Next 2 = 0
              Children =
                [ for child in node + 1 .. nodes - 1 do
                      if parent[child] = node then
                          tree child ] }

        forest
            numFeatures
            [ for node in 0 .. nodes - 1 do
                  if parent[node] < 0 then
                      tree node ]

    /// A random world with at most `maxFeatures` features; every special value occurs.
    let random maxFeatures seed : World =
        let random = Random(seed: int)
        let pick (choices: 'a[]) = choices[random.Next choices.Length]
        let n = 1 + random.Next maxFeatures
        let rank = pick [| 0; 1; 3; 4; 5; 25; n |]

        let uniform low high =
            float32 (low + (high - low) * random.NextDouble())

        let often = uniform -2.0 1.5

        let special value share draw =
            if random.NextDouble() < share then value () else draw ()

        let noise = pick [| 0.0; 0.1; 1.0 |]

        { plain n 3 with
            Threshold =
                Array.init n (fun _ ->
                    special (fun () -> pick [| infinityf; -infinityf; 0.0f |]) 0.15 (fun () ->
                        often + uniform -1.0 1.0))
            Factor = Matrix.init n rank (fun _ _ -> uniform -0.4 0.4)
            ResidualSd =
                Array.init n (fun _ ->
                    if noise = 0.0 then
                        0.0f
                    else
                        special (fun () -> 0.0f) 0.1 (fun () -> uniform 0.0 noise))
            MeanMagnitude = Array.init n (fun _ -> uniform 0.1 3.0)
            StdMagnitude =
                Array.init n (fun _ -> special (fun () -> 0.0f) 0.3 (fun () -> uniform 0.0 3.0))
            Forest = randomForest random n
            Seed = uint64 (random.NextInt64()) * 2UL + 1UL }
