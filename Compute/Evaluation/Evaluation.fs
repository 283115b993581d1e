namespace SynthSae.Compute

/// Scores an SAE against the world that its data came from (reference: `eval_sae_on_synthetic_data`).
module Evaluation =
    /// Blocks of samples for the jackknife.
    let private blocks = 20

    let private check (world: World) (sae: Sae) (settings: EvaluationSettings) =
        if settings.Samples < 1L then
            raise (BadInput("evaluation samples", $"is {settings.Samples}, must be at least 1"))

        if settings.BatchSize < 1 then
            raise (
                BadInput("evaluation batch size", $"is {settings.BatchSize}, must be at least 1")
            )

        if sae.Dim <> world.HiddenDim then
            raise (
                BadInput(
                    "SAE",
                    $"reads R^{sae.Dim}, but the synthetic model lives in R^{world.HiddenDim}"
                )
            )

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
        check world sae settings

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

        let runner = SaeRunner(backend, inference)
        let truth, latents = Codes world.NumFeatures, Codes sae.Latents
        let mutable x = Matrix(0, sae.Dim)
        let mutable xHat = Matrix(0, sae.Dim)

        while accumulator.Seen < settings.Samples do
            let rows = int (min (int64 settings.BatchSize) (settings.Samples - accumulator.Seen))

            if x.Rows <> rows then
                x <- Matrix(rows, sae.Dim)
                xHat <- Matrix(rows, sae.Dim)

            sampler.Sample(Stream.Evaluation, accumulator.Seen, truth, x)
            runner.Encode(x, latents)
            runner.Decode(latents, xHat)
            accumulator.Add(truth, latents, x, xHat)
            progress accumulator.Seen

        EvaluationResult.conclude settings world matching accumulator

    /// Score an SAE on the evaluation stream of a world, in one pass. The SAE's activation decides its form:
    /// BatchTopK selects within each batch, a last partial one included.
    let run backend sampler world sae settings =
        runWith ignore backend sampler world (Inference.plain sae) settings
