namespace SynthSae.Compute

open SynthSae.Compute.Cuda

/// Batches of a stream of a world, made on the GPU on a stream of work of their own: while one batch is trained on,
/// the next is made. The samples are those that any backend draws.
[<Sealed>]
type DeviceFeed(gpu: Gpu, sampler: DeviceSampler, stream: Stream, rows: int, first: int64) =
    /// Batches between two looks at whether all samples fitted.
    static let check = 1000L

    let side = gpu.CreateStream()
    let next = DeviceScalar.ofValue gpu first
    let x = Array.init 2 (fun _ -> DeviceMatrix(gpu, rows, sampler.World.HiddenDim))
    let made = Array.init 2 (fun _ -> gpu.CreateEvent false)
    let left = gpu.CreateEvent false
    let codes = sampler.CreateCodes()
    let graphs: GpuGraph option[] = Array.create 2 None
    let mutable batches = 0L

    let fill slot =
        sampler.Sample(stream.Id, next, codes, x[slot])
        gpu.Launch("feed_advance", 1, 32, [ next.Arg; Arg.Of rows ])

    /// The first batch in a buffer is made as it comes, so that all kernels are there; then the work is recorded.
    let make number =
        let slot = int (number % 2L)

        gpu.On(
            side,
            fun () ->
                gpu.Await left

                match graphs[slot] with
                | Some graph -> gpu.Launch graph
                | None when number < 2L -> fill slot
                | None ->
                    let graph = gpu.Capture(fun () -> fill slot)
                    graphs[slot] <- Some graph
                    gpu.Launch graph

                gpu.Record made[slot]
        )

    interface IFeed with
        member _.Next() =
            // What uses the batch before this one was given to the main stream before this call.
            gpu.Record left

            if batches = 0L then
                make 0L

            make (batches + 1L)
            let slot = int (batches % 2L)

            if batches % check = 0L then
                sampler.Ops.Check codes

            batches <- batches + 1L
            gpu.Await made[slot]
            Batch.Device x[slot]

        member _.Dispose() =
            side.Synchronise()
            sampler.Ops.Check codes

            for graph in graphs do
                Option.iter (fun (graph: GpuGraph) -> graph.Dispose()) graph

/// Batches of the host, copied to the GPU.
[<Sealed>]
type UploadFeed(gpu: Gpu, data: IBatches, rows: int, first: int64) =
    let host = Matrix(rows, data.Dim)
    let x = DeviceMatrix(gpu, rows, data.Dim)
    let mutable next = first

    interface IFeed with
        member _.Next() =
            data.Fill(next, host)
            next <- next + int64 rows
            x.Upload host
            Batch.Device x

        member _.Dispose() = ()
