namespace SynthSae.Compute.Ops

open System
open FSharp.NativeInterop
open SynthSae.Compute

/// A feature that is tried in every sample; absent lanes have feature −1 and the threshold +∞.
[<Struct>]
type internal AlwaysTried =
    {
        Feature: int
        /// Groups that the feature opens when active: FirstGroup … EndGroup−1.
        FirstGroup: int
        EndGroup: int
        Threshold: float32
        Sd: float32
        MeanMagnitude: float32
        StdMagnitude: float32
    }

/// Where things stand in a row of `SamplerPlan.Cells`, in 32-bit words. Four words each, one per lane,
/// but for `Block` and `Scaled`; F follows from `Factor` on, four words for each r.
module internal Cell =
    [<Literal>]
    let Threshold = 0

    [<Literal>]
    let Sd = 4

    [<Literal>]
    let Mean = 8

    [<Literal>]
    let Std = 12

    /// Integer: first group that the lane's feature opens.
    [<Literal>]
    let FirstGroup = 16

    /// Integer: one past the last.
    [<Literal>]
    let EndGroup = 20

    /// Integer: Philox block, a quarter of the features' numbers.
    [<Literal>]
    let Block = 24

    /// Integer: bit l is set where lane l is scaled by its gating feature.
    [<Literal>]
    let Scaled = 25

    [<Literal>]
    let Factor = 28

    /// Words in a row, for rank R.
    let size rank = Factor + 4 * rank

/// A world laid out for lazy sampling (`SampleCodesCpu`).
///
/// Features without a gating feature whose siblings do not exclude them are tried in every sample: they
/// stand in chunks of 8 Philox blocks = 32 lanes, in the order in which `PhiloxVector.blocks` yields the
/// words: lanes 0–15 hold words 0 and 1 of each block, lanes 16–31 words 2 and 3.
///
/// All others are tried only when a sample opens their group: the children of one node that carry a
/// feature. A group is a row of cells; a cell is a Philox block, 4 lanes, some of them absent.
type internal SamplerPlan =
    {
        World: World
        /// Number of chunks.
        Chunks: int
        /// (Chunks·8): Philox block of each lane quadruple, times `Philox.Multiplier0`.
        ChunkProduct: Pinned<uint64>
        /// (Chunks·R, 32): F in lane order, chunk after chunk.
        ChunkFactor: Matrix
        /// (Chunks, 32): τ.
        ChunkThreshold: Matrix
        /// (Chunks, 32): σ.
        ChunkSd: Matrix
        /// (Chunks·32).
        Always: AlwaysTried[]
        /// (cells+1, `Cell.size R`): the last cell is empty and fills up vectors.
        Cells: Matrix
        /// (cells+1): Philox block of each cell, as in its row.
        CellBlock: int[]
        /// (groups+1): cells of each group.
        GroupCell: int[]
        /// (groups): the node whose exclusive children these are, −1 where any number may be active.
        GroupNode: int[]
        /// (groups): node order among the children is feature order.
        GroupOrdered: bool[]
        /// Groups 0 … OpenGroups−1 are open in every sample.
        OpenGroups: int
        /// Some group has exclusive children.
        AnyExclusive: bool
    }

    /// Row of a cell.
    member plan.Cell(cell: int) = plan.Cells.RowPtr cell

    /// The cell without features.
    member plan.EmptyCell = plan.Cells.Rows - 1

module internal SamplerPlan =
    [<Literal>]
    let ChunkBlocks = 8

    [<Literal>]
    let ChunkLanes = 32

    let private starts (counts: int seq) = Seq.scan (+) 0 counts |> Seq.toArray

    let inline private at (values: float32[]) absent feature =
        if feature < 0 then absent else values[feature]

    let private factorAt (world: World) feature r =
        if feature < 0 then 0.0f else world.Factor[feature, r]

    /// Where word `word` of block `block` of a chunk stands among its 32 lanes.
    let private chunkLane block word =
        ChunkLanes / 2 * (word >>> 1) + 2 * block + (word &&& 1)

    /// The features in chunks: blocks times multiplier, and the feature in each lane.
    let private chunks (features: int[]) : struct (Pinned<uint64> * int[]) =
        let blocks = SamplerGroups.blocks features
        let count = (blocks.Length + ChunkBlocks - 1) / ChunkBlocks
        let product = Pinned<uint64>(count * ChunkBlocks)
        let lanes = Array.create (count * ChunkLanes) -1

        blocks
        |> Array.iteri (fun i struct (block, features) ->
            product.Items[i] <- uint64 block * uint64 Philox.Multiplier0

            for word in 0..3 do
                lanes[i / ChunkBlocks * ChunkLanes + chunkLane (i % ChunkBlocks) word] <-
                    features[word])

        struct (product, lanes)

    let private always (world: World) (featureGroup: int[]) feature =
        { Feature = feature
          FirstGroup = if feature < 0 then 0 else featureGroup[feature]
          EndGroup = if feature < 0 then 0 else featureGroup[feature + 1]
          Threshold = at world.Threshold Single.PositiveInfinity feature
          Sd = at world.ResidualSd 0.0f feature
          MeanMagnitude = at world.MeanMagnitude 0.0f feature
          StdMagnitude = at world.StdMagnitude 0.0f feature }

    let private fillCell (world: World) (featureGroup: int[]) row block (lanes: int[]) =
        let setInt place (value: int) =
            NativePtr.set row place (BitConverter.Int32BitsToSingle value)

        for lane in 0..3 do
            let feature = lanes[lane]
            let always = always world featureGroup feature
            NativePtr.set row (Cell.Threshold + lane) always.Threshold
            NativePtr.set row (Cell.Sd + lane) always.Sd
            NativePtr.set row (Cell.Mean + lane) always.MeanMagnitude
            NativePtr.set row (Cell.Std + lane) always.StdMagnitude
            setInt (Cell.FirstGroup + lane) always.FirstGroup
            setInt (Cell.EndGroup + lane) always.EndGroup

            for r in 0 .. world.Rank - 1 do
                NativePtr.set row (Cell.Factor + 4 * r + lane) (factorAt world feature r)

        let scaled lane =
            if lanes[lane] >= 0 && SamplerGroups.isScaled world.Forest lanes[lane] then
                1 <<< lane
            else
                0

        setInt Cell.Block block
        setInt Cell.Scaled (Seq.sumBy scaled [ 0..3 ])

    /// Lay out a world; takes about as much memory as its factor F.
    let compile (world: World) : SamplerPlan =
        let groups = SamplerGroups.ofForest world.Forest
        let struct (product, lanes) = chunks (SamplerGroups.alwaysTried world groups)
        let chunkCount = lanes.Length / ChunkLanes
        let openGroups = groups |> Seq.filter (fun group -> group.Gate < 0) |> Seq.length
        let opened = Array.zeroCreate world.NumFeatures

        for group in groups do
            if group.Gate >= 0 then
                opened[group.Gate] <- opened[group.Gate] + 1

        let featureGroup = starts opened |> Array.map (fun start -> openGroups + start)
        let always = lanes |> Array.map (always world featureGroup)

        let inChunks value =
            Matrix.ofArray chunkCount ChunkLanes (always |> Array.map value)

        let groupBlocks = groups |> Array.map (fun group -> SamplerGroups.blocks group.Features)
        let cellBlocks = Array.append (Array.concat groupBlocks) [| struct (0, Array.create 4 -1) |]
        let cells = Matrix.zeros cellBlocks.Length (Cell.size world.Rank)

        cellBlocks
        |> Array.iteri (fun cell struct (block, lanes) ->
            fillCell world featureGroup (cells.RowPtr cell) block lanes)

        { World = world
          Chunks = chunkCount
          ChunkProduct = product
          ChunkFactor =
            Matrix.init (chunkCount * world.Rank) ChunkLanes (fun row lane ->
                factorAt world lanes[row / world.Rank * ChunkLanes + lane] (row % world.Rank))
          ChunkThreshold = inChunks _.Threshold
          ChunkSd = inChunks _.Sd
          Always = always
          Cells = cells
          CellBlock = cellBlocks |> Array.map (fun struct (block, _) -> block)
          GroupCell = groupBlocks |> Seq.map Array.length |> starts
          GroupNode = groups |> Array.map (fun group -> if group.Exclusive then group.Node else -1)
          GroupOrdered =
            groups
            |> Array.map (fun group ->
                group.Features |> Array.pairwise |> Array.forall (fun (a, b) -> a < b))
          OpenGroups = openGroups
          AnyExclusive = groups |> Array.exists _.Exclusive }
