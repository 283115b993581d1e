namespace SynthSae.Compute

open SynthSae.Compute.Cuda

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

    /// Encode and decode samples 0, 1, … of R^dim batch by batch: `fill` makes a batch, `code` its latents (B, L) and
    /// x̂, and `add` takes these.
    let private forEachBatch
        (dim: int)
        (width: int)
        (settings: EvaluationSettings)
        (fill: int64 -> Matrix -> unit)
        (code: Matrix -> Codes -> Matrix -> unit)
        (add: Codes -> Matrix -> Matrix -> unit)
        =
        let latents = Codes width
        let mutable x = Matrix(0, dim)
        let mutable xHat = Matrix(0, dim)
        let mutable seen = 0L

        while seen < settings.Samples do
            let rows = int (min (int64 settings.BatchSize) (settings.Samples - seen))

            if x.Rows <> rows then
                x <- Matrix(rows, dim)
                xHat <- Matrix(rows, dim)

            fill seen x
            code x latents xHat
            add latents x xHat
            seen <- seen + int64 rows

    let private encodeAndDecode backend (inference: Inference) =
        let runner = SaeRunner(backend, inference)

        fun x latents xHat ->
            runner.Encode(x, latents)
            runner.Decode(latents, xHat)

    /// Sums over the evaluation stream's first samples. `code` is told the true features of a batch beside its x.
    let internal accumulate
        (progress: int64 -> unit)
        (sampler: Sampler)
        (matching: Matching)
        (code: Codes -> Matrix -> Codes -> Matrix -> unit)
        (settings: EvaluationSettings)
        : MetricAccumulator =
        let features, dim = sampler.World.NumFeatures, sampler.World.HiddenDim
        let width = matching.BestFeature.Length
        let threads = Backend.threads sampler.Backend

        let accumulator =
            MetricAccumulator(threads, matching, features, dim, settings.Samples, blocks)

        let truth = Codes features

        forEachBatch
            dim
            width
            settings
            (fun first x -> sampler.Sample(Stream.Evaluation, first, truth, x))
            (code truth)
            (fun latents x xHat ->
                accumulator.Add(truth, latents, x, xHat)
                progress accumulator.Seen)

        accumulator

    /// Sums over the evaluation stream's first samples; `watch` is handed the true features of each batch and where its
    /// latents are (their values may be undefined).
    let private sums watch progress backend (sampler: Sampler) matching inference settings =
        match backend with
        | Backend.Cuda(gpu, _) ->
            let world = sampler.World
            DeviceEvaluation.accumulate watch progress gpu blocks world matching inference settings
        | Backend.Reference
        | Backend.Cpu _ ->
            let run = encodeAndDecode backend inference

            let code truth x latents xHat =
                run x latents xHat
                watch |> Option.iter (fun watch -> watch truth latents)

            (accumulate progress sampler matching code settings).Blocks

    let private checkTruth (world: World) (inference: Inference) settings =
        check world.HiddenDim "the synthetic model lives" inference.Sae settings

    /// `run` of an SAE that may prune, telling `progress` after each batch how many samples are done.
    let runWith
        (progress: int64 -> unit)
        (backend: Backend)
        (sampler: Sampler)
        (world: World)
        (inference: Inference)
        (settings: EvaluationSettings)
        : EvaluationResult =
        checkTruth world inference settings
        let matching = Matching.run backend inference.Sae.Decoder world.Dictionary

        sums None progress backend sampler matching inference settings
        |> EvaluationResult.conclude settings world matching

    /// `runWith`, and what became of each feature: per sample work of the order of its entries, and a look at every
    /// cosine.
    let runWithRecovery
        (progress: int64 -> unit)
        (backend: Backend)
        (sampler: Sampler)
        (world: World)
        (inference: Inference)
        (settings: EvaluationSettings)
        : struct (EvaluationResult * Recovery) =
        checkTruth world inference settings
        let decoder = inference.Sae.Decoder
        let plan = RecoveryPlan.create backend world decoder
        let recovery = RecoveryAccumulator plan
        let watch truth latents = recovery.Add(truth, latents)
        let matching = plan.Matching
        let blocks = sums (Some watch) progress backend sampler matching inference settings
        let total = Array.reduce MetricSums.add blocks

        struct (EvaluationResult.conclude settings world matching blocks,
                Verdicts.conclude world decoder plan total recovery.Counts)

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

        let onHost () =
            let threads = Backend.threads backend

            let accumulator =
                UnsupervisedAccumulator(threads, sae.Latents, sae.Dim, settings.Samples, blocks)

            forEachBatch
                sae.Dim
                sae.Latents
                settings
                (fun first x -> samples.Fill(first, x))
                (encodeAndDecode backend inference)
                (fun latents x xHat ->
                    accumulator.Add(latents, x, xHat)
                    progress accumulator.Seen)

            accumulator.Blocks

        match backend with
        | Backend.Cuda(gpu, _) ->
            DeviceEvaluation.onActivations progress gpu blocks samples inference settings
        | Backend.Reference
        | Backend.Cpu _ -> onHost ()
        |> UnsupervisedResult.conclude settings
