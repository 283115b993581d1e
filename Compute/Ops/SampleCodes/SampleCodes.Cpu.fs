namespace SynthSae.Compute.Ops

open System
open System.Collections.Concurrent
open System.Runtime.Intrinsics.X86
open SynthSae.Compute

/// A world made ready for lazy sampling, with the scratch space of the workers. May be shared: calls do
/// not disturb one another.
[<Sealed>]
type LazySampler internal (plan: SamplerPlan, path: SamplingPath) =
    let idle = ConcurrentBag<SampleWorker>()

    /// What is sampled.
    member _.World = plan.World

    member internal _.Rent() =
        match idle.TryTake() with
        | true, worker ->
            worker.Codes.Clear()
            worker
        | _ -> SampleWorker(plan, path)

    member internal _.Return worker = idle.Add worker

/// Lazy sampling: only features whose gate is open are tried, in vectors of 32 features × 8 samples;
/// magnitudes are drawn for those that fire. With AVX-512 or AVX2, a cheap upper bound of the noise rules
/// out most features before the exact test.
module SampleCodesCpu =
    /// The paths that this machine can take, the fastest first.
    let paths =
        [ if Avx512F.IsSupported && Avx512DQ.IsSupported then
              SamplingPath.Avx512
          if Avx2.IsSupported && Fma.IsSupported then
              SamplingPath.Avx2
          SamplingPath.Portable ]

    /// Lay out a world for sampling by one of `paths`.
    let createOn path (world: World) : LazySampler =
        LazySampler(SamplerPlan.compile world, path)

    /// Lay out a world for sampling.
    let create world = createOn paths.Head world

    /// Draw all pieces; `ready worker firstEntry firstRow rowCount` is called as each is done.
    let private draw
        threads
        (sampler: LazySampler)
        stream
        first
        rows
        (rowCount: int[])
        ready
        stitch
        =
        let grain = ChunkKernels.Slots
        let pieces = (rows + grain - 1) / grain
        let workers = Array.init (max 1 (min threads pieces)) (fun _ -> sampler.Rent())
        let pieceWorker = Array.zeroCreate pieces
        let pieceStart = Array.zeroCreate pieces

        Threads.ranges threads rows grain (fun worker firstRow lastRow ->
            let piece = firstRow / grain
            let worker: SampleWorker = workers[worker]
            pieceWorker[piece] <- worker
            pieceStart[piece] <- worker.Codes.Count
            let counts = rowCount.AsSpan(firstRow, lastRow - firstRow)
            worker.Draw(stream, first + int64 firstRow, counts)
            ready worker pieceStart[piece] firstRow lastRow)

        stitch (fun piece -> struct (pieceWorker[piece], pieceStart[piece])) pieces
        workers |> Array.iter sampler.Return

    let private run threads (sampler: LazySampler) stream first rows (codes: Codes) ready =
        SampleCodes.check sampler.World first rows codes
        let grain = ChunkKernels.Slots
        let rowCount = Array.zeroCreate rows

        let stitch (pieceAt: int -> struct (SampleWorker * int)) pieces =
            codes.Reset(rows, Array.sum rowCount)
            let mutable next = 0

            for row in 0 .. rows - 1 do
                codes.RowStart[row] <- next
                next <- next + rowCount[row]

            codes.RowStart[rows] <- next

            for piece in 0 .. pieces - 1 do
                let struct (worker, start) = pieceAt piece
                let first = codes.RowStart[piece * grain]
                let count = codes.RowStart[min rows ((piece + 1) * grain)] - first
                worker.Codes.Index.AsSpan(start, count).CopyTo(codes.Index.AsSpan first)
                worker.Codes.Value.AsSpan(start, count).CopyTo(codes.Value.AsSpan first)

        draw threads sampler stream first rows rowCount (ready rowCount) stitch

    /// Codes of samples first … first+rows−1.
    let codes threads (sampler: LazySampler) stream first rows (codes: Codes) =
        run threads sampler stream first rows codes (fun _ _ _ _ _ -> ())

    /// Codes of samples first … first+x.Rows−1 and their activations x = codes·V + bias.
    let sample threads (sampler: LazySampler) stream first (codes: Codes) (x: Matrix) =
        let world = sampler.World

        if x.Cols <> world.HiddenDim then
            invalidArg (nameof x) $"x of width {x.Cols} for activations in R^{world.HiddenDim}"

        let decode (rowCount: int[]) (worker: SampleWorker) start firstRow lastRow =
            let mutable entry = start

            for row in firstRow .. lastRow - 1 do
                let index = ReadOnlySpan<int>(worker.Codes.Index, entry, rowCount[row])
                let value = ReadOnlySpan<float32>(worker.Codes.Value, entry, rowCount[row])
                DecodeCodesCpu.sample index value world.Dictionary world.Bias (x.RowPtr row)
                entry <- entry + rowCount[row]

        run threads sampler stream first x.Rows codes decode
