namespace SynthSae.Compute

/// Batch after batch where a backend wants them: made on the GPU or copied to it, or on the host.
module Feeds =
    /// Batches of `rows` samples of a stream of the sampler's world, from sample `first` on.
    let ofSampler (sampler: Sampler) (stream: Stream) (rows: int) (first: int64) : IFeed =
        match sampler.Backend with
        | Backend.Cuda(gpu, _) ->
            // With a sampler of its own: it works beside all others.
            let own = DeviceSampler(gpu, sampler.World, rows)
            new DeviceFeed(gpu, own, stream, rows, first)
        | _ -> Feed.onHost (SampledBatches(sampler, stream)) rows first

    /// The same of samples that only the host has.
    let ofBatches (backend: Backend) (data: IBatches) (rows: int) (first: int64) : IFeed =
        match backend with
        | Backend.Cuda(gpu, _) -> new UploadFeed(gpu, data, rows, first)
        | _ -> Feed.onHost data rows first
