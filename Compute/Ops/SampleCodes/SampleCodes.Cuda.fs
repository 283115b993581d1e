namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda

/// A world in a GPU's memory, made ready for lazy sampling, with scratch space for `rows` samples at a time. Calls on
/// one stream after another share the scratch space; a second stream needs a sampler of its own.
[<Sealed>]
type LazySamplerCuda internal (gpu: Gpu, layout: DeviceLayout, rows: int) =
    let world = layout.World
    let quarters = layout.Quarters
    let steps = layout.Steps

    /// In scratch space, samples come in blocks of 32.
    let whole count = (count + 31) / 32 * 32

    let ints (values: int[]) = DeviceArray.ofArray gpu values
    let floats (values: float32[]) = DeviceArray.ofArray gpu values
    let bounds = floats NormalBound.table
    let quads = ints layout.Quads
    let tileLaw = floats layout.TileLaw
    let law = floats layout.Law
    let opened = ints layout.Opened
    let children = ints layout.Children

    /// Parts of a host array that would be too large as a whole.
    let inParts count size partSize (part: int -> int -> float32[]) =
        let target = new DeviceArray<float32>(gpu, int64 count * int64 size)

        for first in 0..partSize .. count - 1 do
            let values = part first (min count (first + partSize))
            target.Upload(ReadOnlySpan values, int64 first * int64 size)

        target

    let tileFactor =
        inParts layout.Tiles (8 * steps * DeviceLayout.TileFeatures) 1 (fun tile _ ->
            DeviceLayout.tileFactor layout tile)

    let factor = inParts world.NumFeatures (4 * quarters) 4096 (DeviceLayout.factor layout)

    let factors = new DeviceArray<float32>(gpu, int64 (whole rows) * int64 (4 * quarters))
    let fragments = new DeviceArray<float32>(gpu, int64 (whole rows) * int64 (8 * steps))
    let candidates = new DeviceArray<uint32>(gpu, int64 (whole rows) * int64 layout.Tiles)
    let overflow = DeviceArray.zeros<int> gpu 1
    let own = DeviceScalar.ofValue gpu 0L

    // More warps have less to do each and more to agree upon.
    let threadsOfSample = if layout.TriedRate <= 64.0 then 64 else 128

    let check count (codes: DeviceCodes) =
        if codes.Width <> world.NumFeatures then
            invalidArg
                (nameof codes)
                $"codes of width {codes.Width} for {world.NumFeatures} features"

        if count < 0 || count > rows || count > codes.Rows then
            invalidArg (nameof count) $"{count} samples, with room for {min rows codes.Rows}"

    /// What is sampled.
    member _.World = world

    /// The most samples of a call.
    member _.Rows = rows

    /// (1): 0, or the most active features of a sample that had more than there was room for; such codes are wrong.
    member _.Overflow = overflow

    /// Codes of samples first … first+count−1 of a stream (`Stream.Id`). Three launches whose grids depend on `count`
    /// alone: they may be recorded, and `first` change between the repetitions.
    member _.Codes(stream: uint32, first: DeviceScalar<int64>, count: int, codes: DeviceCodes) =
        check count codes
        let draw = [ Arg.Of world.Seed; Arg.Of stream; first.Arg ]

        let octets = whole count / 8

        gpu.Launch(
            "sample_factors",
            (if steps = 0 then 0 else whole count / 4),
            128,
            draw
            @ [ factors.Arg
                fragments.Arg
                Arg.Of(DeviceLayout.slack layout)
                Arg.Of world.Rank
                Arg.Of quarters
                Arg.Of steps ]
        )

        gpu.Launch(
            "sample_candidates",
            struct ((layout.Tiles + 3) / 4, (octets + 7) / 8),
            128,
            0,
            draw
            @ [ fragments.Arg
                bounds.Arg
                quads.Arg
                tileLaw.Arg
                tileFactor.Arg
                candidates.Arg
                Arg.Of steps
                Arg.Of layout.Tiles
                Arg.Of octets ]
        )

        gpu.Launch(
            "sample_codes",
            count,
            threadsOfSample,
            draw
            @ [ factors.Arg
                quads.Arg
                candidates.Arg
                law.Arg
                factor.Arg
                opened.Arg
                children.Arg
                Arg.Of layout.OpenChildren
                Arg.Of quarters
                Arg.Of layout.Tiles
                codes.Count.Arg
                codes.Index.Arg
                codes.Value.Arg
                Arg.Of codes.Stride
                overflow.Arg ]
        )

    /// The same for samples whose number the host knows; not to be recorded.
    member sampler.Codes(stream: Stream, first: int64, count: int, codes: DeviceCodes) =
        DeviceScalar.set own first
        sampler.Codes(stream.Id, own, count, codes)

    /// Wait for the samples drawn so far; the most active features of one that had more than there was room for,
    /// since the last call, if there was one.
    member _.TakeOverflow() : int option =
        match overflow.Download()[0] with
        | 0 -> None
        | most ->
            overflow.Clear()
            Some most

    /// Raises if a sample drawn into these codes since the last call had more active features than they have room for.
    member sampler.Check(codes: DeviceCodes) =
        match sampler.TakeOverflow() with
        | None -> ()
        | Some most ->
            let problem =
                $"a sample has {most} active features or more, and the GPU's memory was laid out for "
                + $"{codes.Stride} of {world.NumFeatures}; with a smaller batch there is room for all"

            raise (BadInput("samples", problem))

/// Lazy sampling on a GPU: see SampleCodes.Cuda.cu.
module SampleCodesCuda =
    /// Codes of so many bytes may have room for every feature in every row.
    [<Literal>]
    let private Plenty = 0x40000000L

    /// Lay out a world for sampling up to so many samples at a time.
    let create (gpu: Gpu) (world: World) (rows: int) =
        LazySamplerCuda(gpu, DeviceLayout.compile world, rows)

    /// How many features are active in a sample on average, if they fire independently of each other and none is
    /// excluded.
    let private expected (world: World) =
        let forest = world.Forest
        let rate = Array.map float world.Probability

        // Breadth first: a gate's rate is final before that of what it gates.
        for node in 0 .. forest.Nodes - 1 do
            let feature, gate = forest.Feature[node], forest.GatingFeature[node]

            if feature >= 0 && gate >= 0 then
                rate[feature] <- rate[feature] * rate[gate]

        Array.sum rate

    /// Room for the entries of a sample that hardly any will need more of: four times the mean, and a thousand.
    let usualStride (world: World) =
        let room = 1024.0 + 4.0 * expected world
        int (min (float world.NumFeatures) (Math.Ceiling(room / 32.0) * 32.0))

    /// Room for the entries of a sample in codes of so many rows: for all features where that takes no more than 1 GiB,
    /// else `usualStride`.
    let stride (world: World) (rows: int) =
        if int64 rows * int64 world.NumFeatures * 8L <= Plenty then
            world.NumFeatures
        else
            usualStride world
