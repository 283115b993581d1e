namespace SynthSae.Compute

open SynthSae.Compute.Cuda

module private Counts =
    /// One row of a (blocks, width) array of counts.
    let ofBlock (source: uint64[]) block width =
        Array.init width (fun i -> int64 source[block * width + i])

/// `UnsupervisedAccumulator` on a GPU: the same counts, and the same sums but for rounding.
[<Sealed>]
type DeviceUnsupervisedAccumulator(gpu: Gpu, latents: int, dim: int, samples: int64, blocks: int) =
    let blocks = SampleBlocks.create samples blocks
    let mutable seen = 0L
    // (B, 3): of the rows of a batch.
    let mutable measures = new DeviceArray<float>(gpu, 0)
    // (blocks, L).
    let fires = DeviceArray.zeros<uint64> gpu (blocks.Count * latents)
    // (blocks, 4): see Metrics.Cuda.cu.
    let tallies = DeviceArray.zeros<uint64> gpu (blocks.Count * 4)
    // (blocks, 3): Σ |x|², |x − x̂|², |x̂|/|x|.
    let reals = DeviceArray.zeros<float> gpu (blocks.Count * 3)
    // (blocks, D): Σ x.
    let columns = DeviceArray.zeros<float> gpu (blocks.Count * dim)

    let reserve rows =
        if measures.Length < int64 (3 * rows) then
            (measures :> System.IDisposable).Dispose()
            measures <- new DeviceArray<float>(gpu, 3 * rows)

    let addRows (codes: DeviceCodes) (x: DeviceMatrix) (xHat: DeviceMatrix) =
        gpu.Launch(
            "metrics_rows",
            x.Rows,
            128,
            [ x.Arg
              xHat.Arg
              codes.Count.Arg
              codes.Index.Arg
              measures.Arg
              fires.Arg
              tallies.Arg
              Arg.Of seen
              Arg.Of samples
              Arg.Of blocks.Count
              Arg.Of dim
              Arg.Of latents
              Arg.Of codes.Stride ]
        )

    let addReals firstBlock count rows =
        gpu.Launch(
            "metrics_reals",
            count,
            256,
            [ measures.Arg
              reals.Arg
              Arg.Of seen
              Arg.Of samples
              Arg.Of blocks.Count
              Arg.Of(firstBlock: int)
              Arg.Of(rows: int) ]
        )

    let addColumns firstBlock count (x: DeviceMatrix) =
        gpu.Launch(
            "metrics_columns",
            struct ((dim + 31) / 32, count),
            1024,
            0,
            [ x.Arg
              columns.Arg
              Arg.Of seen
              Arg.Of samples
              Arg.Of blocks.Count
              Arg.Of(firstBlock: int)
              Arg.Of x.Rows
              Arg.Of dim ]
        )

    /// The next batch: latents (B, L), x and its reconstruction (B, D).
    member _.Add(latents: DeviceCodes, x: DeviceMatrix, xHat: DeviceMatrix) =
        blocks.Check(seen, x.Rows)

        if x.Rows > 0 then
            reserve x.Rows
            let first = blocks.Of seen
            let count = blocks.Of(seen + int64 x.Rows - 1L) - first + 1
            addRows latents x xHat
            addReals first count x.Rows
            addColumns first count x
            seen <- seen + int64 x.Rows

    /// Samples so far.
    member _.Seen = seen

    /// How samples are put in blocks.
    member internal _.SampleBlocks = blocks

    /// Numbers of each block, to which others add theirs.
    member internal _.Tallies = tallies

    /// The sums of each block so far.
    member _.Blocks: UnsupervisedSums[] =
        let fires, tallies = fires.Download(), tallies.Download()
        let reals, columns = reals.Download(), columns.Download()

        Array.init blocks.Count (fun block ->
            { Samples = int64 tallies[block * 4]
              LatentEntries = int64 tallies[block * 4 + 1]
              SquaredNorm = reals[block * 3]
              SquaredError = reals[block * 3 + 1]
              NormRatio = reals[block * 3 + 2]
              NormRatios = int64 tallies[block * 4 + 2]
              Sum = Array.sub columns (block * dim) dim
              Fires = Counts.ofBlock fires block latents })

/// `MetricAccumulator` on a GPU: the same counts, and the same sums but for rounding.
[<Sealed>]
type DeviceMetricAccumulator
    (gpu: Gpu, matching: Matching, features: int, dim: int, samples: int64, blocks: int) =
    let latents = matching.BestFeature.Length

    let unsupervised = DeviceUnsupervisedAccumulator(gpu, latents, dim, samples, blocks)

    let blocks = unsupervised.SampleBlocks
    let best = DeviceArray.ofArray gpu matching.BestFeature
    // (blocks, N) and (blocks, L).
    let active = DeviceArray.zeros<uint64> gpu (blocks.Count * features)
    let hits = DeviceArray.zeros<uint64> gpu (blocks.Count * latents)

    let addTruth first rows (truth: DeviceCodes) (codes: DeviceCodes) =
        gpu.Launch(
            "metrics_truth",
            (rows + 7) / 8,
            256,
            [ truth.Count.Arg
              truth.Index.Arg
              codes.Count.Arg
              codes.Index.Arg
              best.Arg
              active.Arg
              hits.Arg
              unsupervised.Tallies.Arg
              Arg.Of(first: int64)
              Arg.Of samples
              Arg.Of blocks.Count
              Arg.Of(rows: int)
              Arg.Of features
              Arg.Of latents
              Arg.Of truth.Stride
              Arg.Of codes.Stride ]
        )

    /// The next batch: true features (B, N), latents (B, L), x and its reconstruction (B, D).
    member _.Add(truth: DeviceCodes, latents: DeviceCodes, x: DeviceMatrix, xHat: DeviceMatrix) =
        let first = unsupervised.Seen
        unsupervised.Add(latents, x, xHat)
        addTruth first x.Rows truth latents

    /// Samples so far.
    member _.Seen = unsupervised.Seen

    /// The sums of each block so far.
    member _.Blocks: MetricSums[] =
        let active, hits = active.Download(), hits.Download()
        let tallies = unsupervised.Tallies.Download()

        unsupervised.Blocks
        |> Array.mapi (fun block sums ->
            { Unsupervised = sums
              TrueEntries = int64 tallies[block * 4 + 3]
              Active = Counts.ofBlock active block features
              Hits = Counts.ofBlock hits block latents })
