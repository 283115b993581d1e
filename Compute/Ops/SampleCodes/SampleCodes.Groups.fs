namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// A node whose children carry features, as those features in node order.
type internal SamplerGroup =
    {
        Node: int
        /// At most one of them may be active, of several.
        Exclusive: bool
        /// The feature that opens the group when it is active; −1: the group is open in every sample.
        Gate: int
        Features: int[]
    }

/// Which features lazy sampling tries in every sample, and which an active feature opens.
module internal SamplerGroups =
    let private children (forest: Forest) node =
        [| for child in forest.ChildStart[node] .. forest.ChildStart[node + 1] - 1 do
               if forest.Feature[child] >= 0 then
                   forest.Feature[child] |]

    let private gateOf (forest: Forest) node =
        if forest.Feature[node] >= 0 then forest.Feature[node] else forest.GatingFeature[node]

    /// Groups whose features are not tried in every sample, by the feature that opens them; first those
    /// that are open always, because their features exclude each other.
    let ofForest (forest: Forest) =
        [| for node in 0 .. forest.Nodes - 1 do
               let features = children forest node
               let exclusive = forest.ExclusiveChildren[node] && features.Length > 1
               let gate = gateOf forest node

               if features.Length > 0 && (gate >= 0 || exclusive) then
                   { Node = node
                     Exclusive = exclusive
                     Gate = gate
                     Features = features } |]
        |> Array.sortBy _.Gate

    /// Features that are in no group, ascending.
    let alwaysTried (world: World) (groups: SamplerGroup[]) =
        let lazily = Array.create world.NumFeatures false

        for group in groups do
            for feature in group.Features do
                lazily[feature] <- true

        [| for feature in 0 .. world.NumFeatures - 1 do
               if not lazily[feature] then
                   feature |]

    /// Whether a feature's magnitude is multiplied by the ratio of its gating feature.
    let isScaled (forest: Forest) feature =
        let node = forest.NodeOfFeature[feature]
        forest.ScaledByParent[node] && forest.GatingFeature[node] >= 0

    /// Philox blocks that hold the features, ascending, each with the features in its four lanes, −1 for
    /// absent.
    let blocks (features: int[]) : struct (int * int[])[] =
        let found = ResizeArray<struct (int * int[])>()

        for feature in Array.sort features do
            let block = feature >>> 2

            let isNew =
                found.Count = 0 || (let struct (last, _) = found[found.Count - 1] in last <> block)

            if isNew then
                found.Add(struct (block, Array.create 4 -1))

            let struct (_, lanes) = found[found.Count - 1]
            lanes[feature &&& 3] <- feature

        found.ToArray()
