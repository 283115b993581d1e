namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

/// A world laid out for lazy sampling on a GPU (`SampleCodesCuda`).
///
/// Features that are tried in every sample stand in tiles of 8 quads: the Philox blocks that hold them, with the four
/// features of the block, some of them absent (threshold +∞).
///
/// Children are the features of all groups, group after group and in node order within each: those that a feature
/// opens are consecutive, after those that are open in every sample.
type internal DeviceLayout =
    {
        World: World
        /// Number of tiles.
        Tiles: int
        /// (Tiles·8): Philox block of each quad, a quarter of its features' numbers.
        Quads: int[]
        /// (Tiles·8, 4): feature of each lane of each quad, −1 for absent.
        Lanes: int[]
        /// (Tiles·8, 8): τ, then σ, of each quad's lanes.
        TileLaw: float32[]
        /// (N, 4): τ, σ, mean and standard deviation of the magnitude.
        Law: float32[]
        /// (N, 2): first child that the feature opens, and one past the last.
        Opened: int[]
        /// (children, 4): the feature; the first child that it excludes or that excludes it; how many those are with
        /// itself; its parent's node times two, plus one if it is scaled.
        Children: int[]
        /// Children 0 … OpenChildren−1 are open in every sample.
        OpenChildren: int
    }

    /// R in fours.
    member layout.Quarters = (layout.World.Rank + 3) / 4

    /// How many of the features that are tried in every sample fire, on average.
    member layout.TriedRate =
        layout.Lanes
        |> Seq.filter (fun feature -> feature >= 0)
        |> Seq.sumBy (fun feature -> float layout.World.Probability[feature])

    /// R in eights, with one factor more for what rounding can do to m.
    member layout.Steps = if layout.World.Rank = 0 then 0 else layout.World.Rank / 8 + 1

module internal DeviceLayout =
    /// Quads of a tile.
    [<Literal>]
    let TileQuads = 8

    /// Features of a tile.
    [<Literal>]
    let TileFeatures = 32

    let private quads (world: World) groups : struct (int[] * int[]) =
        let blocks = SamplerGroups.blocks (SamplerGroups.alwaysTried world groups)
        let count = (blocks.Length + TileQuads - 1) / TileQuads * TileQuads
        let quads = Array.zeroCreate count
        let lanes = Array.create (4 * count) -1

        blocks
        |> Array.iteri (fun i struct (block, features) ->
            quads[i] <- block
            Array.blit features 0 lanes (4 * i) 4)

        struct (quads, lanes)

    let private tileLaw (world: World) (lanes: int[]) =
        let law = Array.zeroCreate (2 * lanes.Length)

        lanes
        |> Array.iteri (fun i feature ->
            let place = i / 4 * 8 + i % 4
            law[place] <- if feature < 0 then Single.PositiveInfinity else world.Threshold[feature]
            law[place + 4] <- if feature < 0 then 0.0f else world.ResidualSd[feature])

        law

    /// The children of a group, the first of which has the given number.
    let private children (forest: Forest) first (group: SamplerGroup) =
        group.Features
        |> Array.mapi (fun i feature ->
            let scaled = if SamplerGroups.isScaled forest feature then 1 else 0

            [| feature
               (if group.Exclusive then first else first + i)
               (if group.Exclusive then group.Features.Length else 1)
               2 * group.Node + scaled |])
        |> Array.concat

    let private firstChild (groups: SamplerGroup[]) =
        groups |> Array.scan (fun first group -> first + group.Features.Length) 0

    let private opened (world: World) (groups: SamplerGroup[]) (first: int[]) =
        let opened = Array.zeroCreate (2 * world.NumFeatures)

        groups
        |> Array.iteri (fun i group ->
            if group.Gate >= 0 then
                if opened[2 * group.Gate + 1] = 0 then
                    opened[2 * group.Gate] <- first[i]

                opened[2 * group.Gate + 1] <- first[i + 1])

        opened

    /// Lay out a world.
    let compile (world: World) : DeviceLayout =
        let groups = SamplerGroups.ofForest world.Forest
        let struct (quads, lanes) = quads world groups
        let first = firstChild groups
        let openGroups = groups |> Seq.filter (fun group -> group.Gate < 0) |> Seq.length

        { World = world
          Tiles = quads.Length / TileQuads
          Quads = quads
          Lanes = lanes
          TileLaw = tileLaw world lanes
          Law =
            Array.init (4 * world.NumFeatures) (fun i ->
                match i % 4 with
                | 0 -> world.Threshold[i / 4]
                | 1 -> world.ResidualSd[i / 4]
                | 2 -> world.MeanMagnitude[i / 4]
                | _ -> world.StdMagnitude[i / 4])
          Opened = opened world groups first
          Children =
            groups
            |> Array.mapi (fun i group -> children world.Forest first[i] group)
            |> Array.concat
          OpenChildren = first[openGroups] }

    /// An upper bound of |m_i − m̃_i| / (|F_i|·|ε|) where the tensor cores find m̃: they take 10 bits of the mantissa of
    /// each number, and neither sum is exact.
    let slack (layout: DeviceLayout) =
        1.06f / 512.0f + float32 layout.World.Rank / 4194304.0f

    let private norm (row: ReadOnlySpan<float32>) =
        let mutable squares = 0.0

        for value in row do
            squares <- squares + float value * float value

        float32 (1.000001 * sqrt squares)

    /// F of a tile's features, with |F_i| as the factor after the last, as the tensor cores want it (see `tile_factor` in
    /// SampleCodes.Cuda.cu).
    let tileFactor (layout: DeviceLayout) tile : float32[] =
        let world = layout.World
        let target = Array.zeroCreate (8 * layout.Steps * TileFeatures)

        let place quad word r =
            let lane = 4 * quad + r % 4
            let fragment = (r / 8 * 2 + word / 2) * 32 + lane
            4 * fragment + (word &&& 1) + 2 * (r / 4 % 2)

        for lane in 0 .. TileFeatures - 1 do
            let feature = layout.Lanes[tile * TileFeatures + lane]

            if feature >= 0 && world.Rank > 0 then
                let row = world.Factor.Row feature

                for r in 0 .. world.Rank - 1 do
                    target[place (lane / 4) (lane % 4) r] <- row[r]

                target[place (lane / 4) (lane % 4) world.Rank] <- norm (Span.op_Implicit row)

        target

    /// F of features first … last−1, with zeros up to a multiple of four.
    let factor (layout: DeviceLayout) first last : float32[] =
        let world = layout.World
        let stride = 4 * layout.Quarters
        let target = Array.zeroCreate ((last - first) * stride)

        for feature in first .. last - 1 do
            world.Factor.Row(feature).CopyTo(target.AsSpan((feature - first) * stride))

        target
