namespace SynthSae.Compute

open SynthSae.Spec

/// Forests from their specification, and back to trees for files.
module Forests =
    let private childrenOf (node: HierarchyNode) =
        match node.Children with
        | Free children
        | Exclusive children -> children

    let private isExclusive (node: HierarchyNode) =
        match node.Children with
        | Free _ -> false
        | Exclusive _ -> true

    /// Trees from flat arrays, leaves first: `make node children` makes one node.
    let private grow roots (childStart: int[]) (make: int -> HierarchyNode list -> HierarchyNode) =
        let made: HierarchyNode[] = Array.zeroCreate (childStart.Length - 1)

        for node in made.Length - 1 .. -1 .. 0 do
            let children =
                [ for child in childStart[node] .. childStart[node + 1] - 1 -> made[child] ]

            made[node] <- make node children

        List.ofArray made[.. roots - 1]

    let private uniform seed node index =
        Draw.uniform seed Stream.Training Purpose.HierarchyShape (int64 node) index

    let private childrenWanted seed (branching: BranchingFactor) node =
        match branching with
        | BranchingFactor.Fixed count -> count
        | BranchingFactor.Between(least, most) ->
            least + int (uniform seed node 0 * float (most - least + 1))

    /// Depth of each node and where its children start, breadth first until the features run out.
    let private branch seed numFeatures (shape: GeneratedHierarchy) =
        let roots = min shape.TotalRootNodes numFeatures
        let depth = ResizeArray(Seq.replicate roots 0)
        let childStart = ResizeArray [ roots ]
        let mutable node = 0

        while node < depth.Count do
            if depth[node] < shape.MaxDepth then
                let wanted = childrenWanted seed shape.BranchingFactor node

                for _ in 1 .. min wanted (numFeatures - depth.Count) do
                    depth.Add(depth[node] + 1)

            childStart.Add depth.Count
            node <- node + 1

        struct (roots, depth.ToArray(), childStart.ToArray())

    /// The parents whose children exclude each other: a share of the eligible ones, chosen at random.
    let private chooseExclusive
        seed
        (shape: GeneratedHierarchy)
        (depth: int[])
        (childStart: int[])
        =
        let deepest = defaultArg shape.MutuallyExclusiveMaxDepth System.Int32.MaxValue

        let eligible =
            [| for node in 0 .. depth.Length - 1 do
                   let inRange =
                       depth[node] >= shape.MutuallyExclusiveMinDepth && depth[node] <= deepest

                   if inRange && childStart[node + 1] - childStart[node] >= 2 then
                       node |]

        let count = int (float eligible.Length * shape.MutuallyExclusivePortion)

        let exclusive = Array.create depth.Length false

        eligible
        |> Array.sortBy (fun node -> struct (uniform seed node 1, node))
        |> Array.truncate count
        |> Array.iter (fun node -> exclusive[node] <- true)

        exclusive

    /// A forest by the reference's rules: feature i is node i, breadth first, so that under a falling
    /// profile the roots are the most frequent features; features that remain stay outside.
    let generate (seed: uint64) (numFeatures: int) (shape: GeneratedHierarchy) =
        let struct (roots, depth, childStart) = branch seed numFeatures shape
        let exclusive = chooseExclusive seed shape depth childStart

        grow roots childStart (fun node children ->
            { Feature = Some node
              Children = if exclusive[node] then Exclusive children else Free children
              ScaleChildrenByParent = shape.ScaleChildrenByParent && depth[node] < shape.MaxDepth
              Id = None })

    /// The trees of a specification; none without a hierarchy.
    let trees (seed: uint64) (numFeatures: int) (hierarchy: Hierarchy option) =
        match hierarchy with
        | None -> []
        | Some(Hierarchy.Generated shape) -> generate seed numFeatures shape
        | Some(Hierarchy.Explicit(roots, _)) -> roots

    /// Nodes breadth first with the number of their parent, and where the children of each start.
    let private breadthFirst (roots: HierarchyNode list) =
        let nodes = ResizeArray(roots |> Seq.map (fun root -> struct (root, -1)))
        let childStart = ResizeArray [ nodes.Count ]
        let mutable next = 0

        while next < nodes.Count do
            let struct (node, _) = nodes[next]

            for child in childrenOf node do
                nodes.Add(struct (child, next))

            childStart.Add nodes.Count
            next <- next + 1

        struct (nodes.ToArray(), childStart.ToArray())

    let private nodesByFeature numFeatures (feature: int[]) =
        let nodeOfFeature = Array.create numFeatures -1

        for node in 0 .. feature.Length - 1 do
            let feature = feature[node]

            if feature >= numFeatures || feature < -1 then
                raise (BadInput("hierarchy", $"feature_index {feature} is not below {numFeatures}"))

            if feature >= 0 then
                if nodeOfFeature[feature] >= 0 then
                    raise (BadInput("hierarchy", $"feature_index {feature} occurs twice"))

                nodeOfFeature[feature] <- node

        nodeOfFeature

    /// Trees as flat arrays. Raises `BadInput` when a feature occurs twice or is not below N.
    let compile (numFeatures: int) (roots: HierarchyNode list) : Forest =
        let struct (nodes, childStart) = breadthFirst roots
        let source = nodes |> Array.map (fun struct (node, _) -> node)
        let parent = nodes |> Array.map (fun struct (_, parent) -> parent)
        let feature = source |> Array.map (fun node -> defaultArg node.Feature -1)
        let depth = Array.zeroCreate nodes.Length
        let gating = Array.create nodes.Length -1

        for node in List.length roots .. nodes.Length - 1 do
            let above = parent[node]
            depth[node] <- depth[above] + 1
            gating[node] <- if feature[above] >= 0 then feature[above] else gating[above]

        { Roots = List.length roots
          Feature = feature
          Depth = depth
          Parent = parent
          GatingFeature = gating
          ChildStart = childStart
          ExclusiveChildren = source |> Array.map isExclusive
          ScaledByParent =
            Array.init nodes.Length (fun node ->
                gating[node] >= 0 && source[parent[node]].ScaleChildrenByParent)
          NodeOfFeature = nodesByFeature numFeatures feature }

    /// The forest as trees. Texts (`Id`) and flags that have no effect are not kept in a forest.
    let toTrees (forest: Forest) : HierarchyNode list =
        grow forest.Roots forest.ChildStart (fun node children ->
            let childNodes = seq { forest.ChildStart[node] .. forest.ChildStart[node + 1] - 1 }
            let feature = forest.Feature[node]

            { Feature = if feature < 0 then None else Some feature
              Children =
                if forest.ExclusiveChildren[node] then Exclusive children else Free children
              ScaleChildrenByParent =
                childNodes |> Seq.exists (fun child -> forest.ScaledByParent[child])
              Id = None })
