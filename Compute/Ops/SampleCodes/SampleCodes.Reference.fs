namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

module SampleCodesReference =
    /// Nodes by depth, in node order.
    let private levels (forest: Forest) =
        let nodes = Array.init forest.Nodes id
        let depths = if nodes.Length = 0 then 0 else 1 + Array.max forest.Depth

        Array.init depths (fun depth ->
            nodes |> Array.filter (fun node -> forest.Depth[node] = depth))

    /// Zero or scale the value of a node's feature after its gating feature.
    let private gate (world: World) node (values: float32[]) =
        let forest = world.Forest
        let feature = forest.Feature[node]
        let gating = forest.GatingFeature[node]

        if feature >= 0 && gating >= 0 then
            if not (values[gating] > 0.0f) then
                values[feature] <- 0.0f
            elif forest.ScaledByParent[node] then
                values[feature] <-
                    values[feature] * SampleCodes.ratio values[gating] world.MeanMagnitude[gating]

    let private isActive (forest: Forest) node (values: float32[]) =
        let feature =
            if forest.Feature[node] >= 0 then forest.Feature[node] else forest.GatingFeature[node]

        feature < 0 || values[feature] > 0.0f

    /// Keep one of the active children of a node.
    let private exclude (forest: Forest) node (word: uint32) (values: float32[]) =
        let active =
            [| for child in forest.ChildStart[node] .. forest.ChildStart[node + 1] - 1 do
                   let feature = forest.Feature[child]

                   if feature >= 0 && values[feature] > 0.0f then
                       feature |]

        if active.Length > 1 then
            let kept = active[SampleCodes.survivor word active.Length]

            for feature in active do
                if feature <> kept then
                    values[feature] <- 0.0f

    /// Apply the hierarchy to one sample's values (N), in place; `word node` decides among the active
    /// children of a node.
    let applyHierarchy (world: World) (word: int -> uint32) (values: float32[]) =
        let forest = world.Forest

        for level in levels forest do
            for node in level do
                gate world node values

            for node in level do
                if forest.ExclusiveChildren[node] && isActive forest node values then
                    exclude forest node (word node) values

    /// The values of one sample before the hierarchy (N).
    let private fire (world: World) stream sample : float32[] =
        let draw purpose index =
            Draw.normal world.Seed stream purpose sample index

        let factor = Array.init world.Rank (draw Purpose.Factor)

        Array.init world.NumFeatures (fun i ->
            let mutable mean = 0.0f

            for r in 0 .. world.Rank - 1 do
                mean <- MathF.FusedMultiplyAdd(world.Factor[i, r], factor[r], mean)

            let noise = draw Purpose.Firing i

            if SampleCodes.fires world.ResidualSd[i] noise mean world.Threshold[i] then
                let noise = draw Purpose.Magnitude i
                SampleCodes.magnitude world.MeanMagnitude[i] world.StdMagnitude[i] noise
            else
                0.0f)

    /// Codes of samples first … first+rows−1.
    let run (world: World) (stream: Stream) (first: int64) (rows: int) (codes: Codes) =
        SampleCodes.check world first rows codes
        let dense = Array.init rows (fun row -> fire world stream (first + int64 row))

        dense
        |> Array.iteri (fun row values ->
            let sample = first + int64 row
            applyHierarchy world (Draw.word world.Seed stream Purpose.Sibling sample) values)

        let active values =
            values |> Array.filter (fun value -> value > 0.0f)

        codes.Reset(rows, dense |> Array.sumBy (active >> Array.length))
        let mutable next = 0

        for row in 0 .. rows - 1 do
            codes.RowStart[row] <- next

            for feature in 0 .. world.NumFeatures - 1 do
                if dense[row][feature] > 0.0f then
                    codes.Index[next] <- feature
                    codes.Value[next] <- dense[row][feature]
                    next <- next + 1

        codes.RowStart[rows] <- next
