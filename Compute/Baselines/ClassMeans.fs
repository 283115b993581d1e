namespace SynthSae.Compute.Baselines

open SynthSae.Compute

/// What a feature's activity tells of the others, counted in codes.
type ClassMeans =
    {
        /// (N): share of samples in which the feature is active.
        Rate: float[]
        /// (N): E[c_k].
        Mean: float[]
        /// Δ (L, D): E[x | i active] − E[x | i silent], by way of the features in the tree of i; 0 where i was
        /// never or always active.
        Difference: Matrix
    }

    /// E[c_i | i active], 0 where it was never active.
    member means.Amplitude feature =
        if means.Rate[feature] > 0.0 then means.Mean[feature] / means.Rate[feature] else 0.0

    /// Mean number of active ones among the first features.
    member means.TrackedL0 = Array.sum means.Rate[.. means.Difference.Rows - 1]

    /// Mean amplitude of an active one among the first features; 0 where none was.
    member means.TrackedAmplitude =
        let l0 = means.TrackedL0
        if l0 > 0.0 then Array.sum means.Mean[.. means.Difference.Rows - 1] / l0 else 0.0

/// Sums over codes. x is linear in the codes, so its class means follow from those of the codes; and
/// between trees features are (nearly) independent, so only those within a tree are counted: that leaves out
/// almost all of the noise that means over samples of x would have.
module ClassMeans =
    [<Literal>]
    let private Batch = 4096

    /// Where each feature lies: in which tree, and at which place among the tree's features.
    type private Places =
        {
            /// (N): number of the tree; a feature outside the forest is a tree of its own.
            Tree: int[]
            /// (N): place among the features of the tree, by ascending feature.
            Place: int[]
            /// The features of each tree.
            Members: int[][]
        }

    let private places (world: World) : Places =
        let forest = world.Forest
        let root = Array.init forest.Nodes id

        // Parents come before their children.
        for node in 0 .. forest.Nodes - 1 do
            if forest.Parent[node] >= 0 then
                root[node] <- root[forest.Parent[node]]

        let tree =
            forest.NodeOfFeature
            |> Array.mapi (fun feature node ->
                if node < 0 then forest.Roots + feature else root[node])

        let place = Array.zeroCreate tree.Length
        let members = Array.create (forest.Roots + tree.Length) [||]

        for number, features in
            Array.groupBy (fun feature -> tree[feature]) [| 0 .. tree.Length - 1 |] do
            members[number] <- features
            features |> Array.iteri (fun index feature -> place[feature] <- index)

        { Tree = tree; Place = place; Members = members }

    /// One row of sums for each of the first features: Σ [c_i > 0]·c_k over the features k of its tree.
    let private rows (places: Places) width =
        let size feature =
            places.Members[places.Tree[feature]].Length

        let total = Seq.sumBy (fun feature -> int64 (size feature)) (seq { 0 .. width - 1 })

        // What the pairs of a tree cost is known before they are counted.
        if total > Matrix.MostElements / 8L then
            let problem = $"{total} pairs of features within trees are too many"
            raise (BadInput("baselines", problem))

        Array.init width (fun feature -> (Array.zeroCreate (size feature): float[]))

    let private addRow (places: Places) (sums: float[][]) (codes: Codes) row =
        let first, last = codes.RowStart[row], codes.RowStart[row + 1] - 1
        let index, value = codes.Index, codes.Value
        let mutable entry = first

        while entry <= last && index[entry] < sums.Length do
            let tree = places.Tree[index[entry]]
            let target = sums[index[entry]]

            for other in first..last do
                if places.Tree[index[other]] = tree then
                    let place = places.Place[index[other]]
                    target[place] <- target[place] + float value[other]

            entry <- entry + 1

    /// Row i of Δ from the sums.
    let private difference
        (world: World)
        (members: int[])
        (sums: float[])
        active
        samples
        totals
        row
        =
        let silent = float samples - active

        if active > 0.0 && silent > 0.0 then
            members
            |> Array.iteri (fun place feature ->
                let coefficient =
                    sums[place] / active - (Array.get totals feature - sums[place]) / silent

                Simd.addScaled
                    (float32 coefficient)
                    (world.Dictionary.RowPtr feature)
                    row
                    world.HiddenDim)

    /// Count samples first … first+samples−1 of a stream; `width` is L.
    let count (sampler: Sampler) stream (first: int64) (samples: int) (width: int) : ClassMeans =
        let world = sampler.World
        let places = places world
        let sums = rows places width
        let counts: float[] = Array.zeroCreate world.NumFeatures
        let totals: float[] = Array.zeroCreate world.NumFeatures
        let codes = Codes world.NumFeatures

        for start in 0..Batch .. samples - 1 do
            sampler.Codes(stream, first + int64 start, min Batch (samples - start), codes)

            for entry in 0 .. codes.Count - 1 do
                let feature = codes.Index[entry]
                counts[feature] <- counts[feature] + 1.0
                totals[feature] <- totals[feature] + float codes.Value[entry]

            for row in 0 .. codes.Rows - 1 do
                addRow places sums codes row

        let delta = Matrix(width, world.HiddenDim)

        Threads.ranges (Backend.threads sampler.Backend) width 64 (fun _ firstRow lastRow ->
            for i in firstRow .. lastRow - 1 do
                let members = places.Members[places.Tree[i]]
                difference world members sums[i] counts[i] samples totals (delta.RowPtr i))

        { Rate = counts |> Array.map (fun count -> count / float samples)
          Mean = totals |> Array.map (fun total -> total / float samples)
          Difference = delta }
