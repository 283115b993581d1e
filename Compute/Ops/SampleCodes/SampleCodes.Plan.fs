namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

/// A world laid out for lazy sampling (`SampleCodesCpu`).
///
/// Features without a gating feature whose siblings do not exclude them are tried in every sample: they
/// stand in chunks of 8 Philox blocks = 32 lanes, in the order in which `PhiloxVector.blocks` yields the
/// words: lanes 0–15 hold words 0 and 1 of each block, lanes 16–31 words 2 and 3.
///
/// All others are tried only when a sample opens their group: the children of one node that carry a
/// feature. A group is a row of cells; a cell is a Philox block, 4 lanes, some of them absent.
/// An absent lane has the threshold +∞ and never fires.
type SamplerPlan =
    {
        World: World
        /// Number of chunks of always-tried features.
        Chunks: int
        /// (Chunks·8): Philox block of each lane quadruple, times `Philox.Multiplier0`.
        ChunkProduct: Pinned<uint64>
        /// (Chunks·32): feature in each lane, −1 for none.
        ChunkFeature: int[]
        /// (Chunks·R, 32): F in lane order, chunk after chunk.
        ChunkFactor: Matrix
        /// (Chunks, 32): τ.
        ChunkThreshold: Matrix
        /// (Chunks, 32): σ.
        ChunkSd: Matrix
        /// (cells+1): Philox block of each cell; the last cell is empty and fills up vectors.
        CellBlock: int[]
        /// (cells+1, 4·(4+R)): τ, σ, mean and std of the four lanes, then F lane-wise for each r.
        Cells: Matrix
        /// (groups+1): cells of each group.
        GroupCell: int[]
        /// (groups): the node whose exclusive children these are, −1 where any number may be active.
        GroupNode: int[]
        /// (groups): node order among the children is feature order.
        GroupOrdered: bool[]
        /// (N+1): groups that an active feature opens.
        FeatureGroup: int[]
        /// Groups that are open in every sample: the first ones.
        OpenGroups: int
        /// (N): the feature is scaled by its gating feature.
        Scaled: bool[]
        /// Some group has exclusive children.
        AnyExclusive: bool
    }

    /// Number of the empty cell.
    member plan.EmptyCell = plan.CellBlock.Length - 1

module SamplerPlan =
    [<Literal>]
    let ChunkBlocks = 8

    [<Literal>]
    let ChunkLanes = 32

    /// Words of one cell's row before F.
    [<Literal>]
    let CellHead = 16

    /// A node whose children carry features, as those features in node order.
    type private Group = { Node: int; Exclusive: bool; Gate: int; Features: int[] }

    let private children (forest: Forest) node =
        [| for child in forest.ChildStart[node] .. forest.ChildStart[node + 1] - 1 do
               if forest.Feature[child] >= 0 then
                   forest.Feature[child] |]

    let private groups (forest: Forest) =
        [| for node in 0 .. forest.Nodes - 1 do
               let features = children forest node

               if features.Length > 0 then
                   { Node = node
                     Exclusive = forest.ExclusiveChildren[node] && features.Length > 1
                     Gate =
                       if forest.Feature[node] >= 0 then
                           forest.Feature[node]
                       else
                           forest.GatingFeature[node]
                     Features = features } |]

    let private isLazy (group: Group) = group.Gate >= 0 || group.Exclusive

    /// Blocks that hold the features, ascending, each with the features in its four lanes, −1 for absent.
    let private blocks (features: int[]) : struct (int * int[])[] =
        features
        |> Array.groupBy (fun feature -> feature >>> 2)
        |> Array.sortBy fst
        |> Array.map (fun (block, present) ->
            let lanes = Array.create 4 -1
            present |> Array.iter (fun feature -> lanes[feature &&& 3] <- feature)
            struct (block, lanes))

    let inline private at (values: float32[]) absent feature =
        if feature < 0 then absent else values[feature]

    let private factorAt (world: World) feature r =
        if feature < 0 then 0.0f else world.Factor[feature, r]

    /// Where lane `word` of block `block` of a chunk stands among its 32 lanes.
    let private chunkLane block word =
        ChunkLanes / 2 * (word >>> 1) + 2 * block + (word &&& 1)

    /// The always-tried features in lane order: (Chunks·8) blocks and (Chunks·32) features.
    let private chunks (features: int[]) : struct (int[] * int[]) =
        let blocks = blocks features
        let count = (blocks.Length + ChunkBlocks - 1) / ChunkBlocks
        let chunkBlock = Array.zeroCreate (count * ChunkBlocks)
        let chunkFeature = Array.create (count * ChunkLanes) -1

        blocks
        |> Array.iteri (fun i struct (block, lanes) ->
            chunkBlock[i] <- block
            let start = i / ChunkBlocks * ChunkLanes

            for word in 0..3 do
                chunkFeature[start + chunkLane (i % ChunkBlocks) word] <- lanes[word])

        struct (chunkBlock, chunkFeature)

    let private fillCell (world: World) (cells: Matrix) cell (lanes: int[]) =
        let row = cells.Row cell

        for lane in 0..3 do
            let feature = lanes[lane]
            row[lane] <- at world.Threshold Single.PositiveInfinity feature
            row[4 + lane] <- at world.ResidualSd 0.0f feature
            row[8 + lane] <- at world.MeanMagnitude 0.0f feature
            row[12 + lane] <- at world.StdMagnitude 0.0f feature

            for r in 0 .. world.Rank - 1 do
                row[CellHead + 4 * r + lane] <- factorAt world feature r

    let private starts (counts: int seq) = Seq.scan (+) 0 counts |> Seq.toArray

    /// Lay out a world; costs about as much memory as its factor F.
    let compile (world: World) : SamplerPlan =
        let forest = world.Forest
        let gated = Array.create world.NumFeatures false
        let scaled = Array.create world.NumFeatures false
        let lazyGroups = groups forest |> Array.filter isLazy |> Array.sortBy _.Gate

        for group in lazyGroups do
            for feature in group.Features do
                gated[feature] <- true

        for node in 0 .. forest.Nodes - 1 do
            if forest.Feature[node] >= 0 && forest.GatingFeature[node] >= 0 then
                scaled[forest.Feature[node]] <- forest.ScaledByParent[node]

        let always =
            [| for i in 0 .. world.NumFeatures - 1 do
                   if not gated[i] then
                       i |]

        let struct (chunkBlock, chunkFeature) = chunks always
        let chunkCount = chunkFeature.Length / ChunkLanes
        let product = Pinned<uint64> chunkBlock.Length

        chunkBlock
        |> Array.iteri (fun i block -> product.Items[i] <- uint64 block * uint64 Philox.Multiplier0)

        let inChunk (values: float32[]) absent =
            Matrix.init chunkCount ChunkLanes (fun chunk lane ->
                at values absent chunkFeature[chunk * ChunkLanes + lane])

        let groupBlocks = lazyGroups |> Array.map (fun group -> blocks group.Features)
        let allBlocks = Array.append (Array.concat groupBlocks) [| struct (0, Array.create 4 -1) |]
        let cells = Matrix.zeros allBlocks.Length (CellHead + 4 * world.Rank)
        allBlocks |> Array.iteri (fun cell struct (_, lanes) -> fillCell world cells cell lanes)
        let groupsOf = Array.zeroCreate world.NumFeatures
        let openGroups = lazyGroups |> Array.filter (fun group -> group.Gate < 0) |> Array.length

        for group in lazyGroups do
            if group.Gate >= 0 then
                groupsOf[group.Gate] <- groupsOf[group.Gate] + 1

        { World = world
          Chunks = chunkCount
          ChunkProduct = product
          ChunkFeature = chunkFeature
          ChunkFactor =
            Matrix.init (chunkCount * world.Rank) ChunkLanes (fun row lane ->
                factorAt
                    world
                    chunkFeature[row / world.Rank * ChunkLanes + lane]
                    (row % world.Rank))
          ChunkThreshold = inChunk world.Threshold Single.PositiveInfinity
          ChunkSd = inChunk world.ResidualSd 0.0f
          CellBlock = allBlocks |> Array.map (fun struct (block, _) -> block)
          Cells = cells
          GroupCell = starts (groupBlocks |> Seq.map Array.length)
          GroupNode =
            lazyGroups |> Array.map (fun group -> if group.Exclusive then group.Node else -1)
          GroupOrdered =
            lazyGroups
            |> Array.map (fun group ->
                Array.pairwise group.Features |> Array.forall (fun (a, b) -> a < b))
          FeatureGroup = starts groupsOf |> Array.map (fun start -> openGroups + start)
          OpenGroups = openGroups
          Scaled = scaled
          AnyExclusive = lazyGroups |> Array.exists _.Exclusive }
