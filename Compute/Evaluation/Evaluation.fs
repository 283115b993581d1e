namespace SynthSae.Compute

/// Scores an SAE: against the world that its data came from (reference: `eval_sae_on_synthetic_data`), or without a
/// truth.
module Evaluation =
    /// Blocks of samples for the jackknife.
    let private blocks = 20

    let private check (dim: int) (data: string) (sae: Sae) (settings: EvaluationSettings) =
        if settings.Samples < 1L then
            raise (BadInput("evaluation samples", $"is {settings.Samples}, must be at least 1"))

        if settings.BatchSize < 1 then
            raise (
                BadInput("evaluation batch size", $"is {settings.BatchSize}, must be at least 1")
            )

        if sae.Dim <> dim then
            raise (BadInput("SAE", $"reads R^{sae.Dim}, but {data} in R^{dim}"))

    /// Encode and decode samples 0, 1, … batch by batch: `fill` makes a batch, `add` takes its latents, x and x̂.
    let private forEachBatch
        (backend: Backend)
        (inference: Inference)
        (settings: EvaluationSettings)
        (fill: int64 -> Matrix -> unit)
        (add: Codes -> Matrix -> Matrix -> unit)
        =
        let sae = inference.Sae
        let runner = SaeRunner(backend, inference)
        let latents = Codes sae.Latents
        let mutable x = Matrix(0, sae.Dim)
        let mutable xHat = Matrix(0, sae.Dim)
        let mutable seen = 0L

        while seen < settings.Samples do
            let rows = int (min (int64 settings.BatchSize) (settings.Samples - seen))

            if x.Rows <> rows then
                x <- Matrix(rows, sae.Dim)
                xHat <- Matrix(rows, sae.Dim)

            fill seen x
            runner.Encode(x, latents)
            runner.Decode(latents, xHat)
            add latents x xHat
            seen <- seen + int64 rows

    /// `run` of an SAE that may prune, telling `progress` after each batch how many samples are done.
    let runWith
        (progress: int64 -> unit)
        (backend: Backend)
        (sampler: Sampler)
        (world: World)
        (inference: Inference)
        (settings: EvaluationSettings)
        : EvaluationResult =
        let sae = inference.Sae
        check world.HiddenDim "the synthetic model lives" sae settings

        let threads = Backend.threads backend
        let matching = Matching.run backend sae.Decoder world.Dictionary

        let accumulator =
            MetricAccumulator(
                threads,
                matching,
                world.NumFeatures,
                world.HiddenDim,
                settings.Samples,
                blocks
            )

        let truth = Codes world.NumFeatures

        forEachBatch
            backend
            inference
            settings
            (fun first x -> sampler.Sample(Stream.Evaluation, first, truth, x))
            (fun latents x xHat ->
                accumulator.Add(truth, latents, x, xHat)
                progress accumulator.Seen)

        EvaluationResult.conclude settings world matching accumulator

    /// Score an SAE on the evaluation stream of a world, in one pass. The SAE's activation decides its form:
    /// BatchTopK selects within each batch, a last partial one included.
    let run backend sampler world sae settings =
        runWith ignore backend sampler world (Inference.plain sae) settings

    /// Score an SAE that may prune on samples of which nothing else is known, in one pass; `progress` hears after each
    /// batch how many are done.
    let onActivations
        (progress: int64 -> unit)
        (backend: Backend)
        (samples: IBatches)
        (inference: Inference)
        (settings: EvaluationSettings)
        : UnsupervisedResult =
        let sae = inference.Sae
        check samples.Dim "the activations lie" sae settings

        let accumulator =
            UnsupervisedAccumulator(
                Backend.threads backend,
                sae.Latents,
                sae.Dim,
                settings.Samples,
                blocks
            )

        forEachBatch
            backend
            inference
            settings
            (fun first x -> samples.Fill(first, x))
            (fun latents x xHat ->
                accumulator.Add(latents, x, xHat)
                progress accumulator.Seen)

        UnsupervisedResult.conclude settings accumulator
