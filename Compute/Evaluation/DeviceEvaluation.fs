namespace SynthSae.Compute

open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// Sums over batches that are drawn, encoded, decoded and added up on a GPU: what `Evaluation` does there.
module internal DeviceEvaluation =
    /// Hand out the batches of samples 0, 1, …: the first sample and the number of them.
    let private forEachBatch (settings: EvaluationSettings) (add: int64 -> int -> unit) =
        let mutable seen = 0L

        while seen < settings.Samples do
            let rows = int (min (int64 settings.BatchSize) (settings.Samples - seen))
            add seen rows
            seen <- seen + int64 rows

    let private mostRows (settings: EvaluationSettings) =
        int (min (int64 settings.BatchSize) settings.Samples)

    /// Sums over the evaluation stream's first samples of a world. `watch` is handed the true features of each batch
    /// and where its latents are (their values are undefined).
    let accumulate
        (watch: (Codes -> Codes -> unit) option)
        (progress: int64 -> unit)
        (gpu: Gpu)
        (blocks: int)
        (world: World)
        (matching: Matching)
        (inference: Inference)
        (settings: EvaluationSettings)
        : MetricSums[] =
        let rows, dim = mostRows settings, world.HiddenDim
        let sampler = DeviceSampler(gpu, world, rows)
        let runner = DeviceSaeRunner(gpu, inference, rows)
        let dictionary = DeviceMatrix.ofMatrix gpu world.Dictionary
        use bias = DeviceArray.ofArray gpu world.Bias
        let truth, latents = sampler.CreateCodes(), runner.CreateCodes()
        let allX, allHat = DeviceMatrix(gpu, rows, dim), DeviceMatrix(gpu, rows, dim)
        let next = DeviceScalar.ofValue gpu 0L

        let accumulator =
            DeviceMetricAccumulator(gpu, matching, world.NumFeatures, dim, settings.Samples, blocks)

        let hostTruth, hostLatents = Codes world.NumFeatures, Codes inference.Sae.Latents

        let show (watch: Codes -> Codes -> unit) count =
            truth.ToCodes(count, hostTruth)
            latents.ToPattern(count, hostLatents)
            watch hostTruth hostLatents

        forEachBatch settings (fun first count ->
            let x, xHat = allX.Top count, allHat.Top count
            DeviceScalar.set next first
            sampler.Codes(Stream.Evaluation.Id, next, count, truth)
            DecodeCodesCuda.run gpu truth dictionary bias x
            runner.Encode(x, latents)
            runner.Decode(latents, xHat)
            accumulator.Add(truth, latents, x, xHat)
            watch |> Option.iter (fun watch -> show watch count)
            progress accumulator.Seen)

        sampler.Ops.Check truth
        accumulator.Blocks

    /// Sums over samples that the host has.
    let onActivations
        (progress: int64 -> unit)
        (gpu: Gpu)
        (blocks: int)
        (samples: IBatches)
        (inference: Inference)
        (settings: EvaluationSettings)
        : UnsupervisedSums[] =
        let sae, rows = inference.Sae, mostRows settings
        let runner = DeviceSaeRunner(gpu, inference, rows)
        let latents = runner.CreateCodes()
        let allX, allHat = DeviceMatrix(gpu, rows, sae.Dim), DeviceMatrix(gpu, rows, sae.Dim)
        let mutable host = Matrix(0, sae.Dim)

        let accumulator =
            DeviceUnsupervisedAccumulator(gpu, sae.Latents, sae.Dim, settings.Samples, blocks)

        forEachBatch settings (fun first count ->
            if host.Rows <> count then
                host <- Matrix(count, sae.Dim)

            samples.Fill(first, host)
            let x, xHat = allX.Top count, allHat.Top count
            x.Upload host
            runner.Encode(x, latents)
            runner.Decode(latents, xHat)
            accumulator.Add(latents, x, xHat)
            progress accumulator.Seen)

        accumulator.Blocks
