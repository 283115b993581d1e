namespace SynthSae.Compute.Baselines

open System
open SynthSae.Compute

/// How baselines are fitted and scored.
type BaselineSettings =
    {
        /// L: the first so many features are tracked.
        Width: int
        /// Samples of the evaluation stream to score on, from its first.
        Samples: int64
        /// Samples of the training stream that thresholds are fitted on; three times as many, others, give the
        /// covariance, 75 times as many codes the class means, and 100 times as many samples train the probes.
        FitSamples: int
    }

/// How one baseline did. The errors are those of sampling the evaluation data, not of the fit.
type BaselineResult =
    {
        Name: string
        Baseline: Baseline
        /// As for an SAE whose latent i stands for feature i, over the first L features. Explained variance, MSE and
        /// shrinkage mean nothing for probes, whose latents are no amplitudes.
        Metrics: Metrics
        StandardErrors: Metrics
        /// F1 of all decisions together: 2·TP/(firings + activities), summed over features.
        MicroF1: float
        MicroF1Error: float
    }

/// What was fitted for one world, made when first asked for.
[<Sealed>]
type internal Fitted
    (sampler: Sampler, settings: BaselineSettings, progress: string -> int64 -> int64 -> unit) =
    let world, backend, width = sampler.World, sampler.Backend, settings.Width
    let fit = settings.FitSamples

    /// Ranges of the training stream, each after the one before: thresholds, covariance, class means, probes.
    let covarianceStart = int64 fit
    let meansStart = covarianceStart + 3L * int64 fit
    let probesStart = meansStart + 75L * int64 fit

    let means =
        lazy
            (progress "counting class means" 0L 1L
             ClassMeans.count sampler Stream.Training meansStart (75 * fit) width)

    let whitening =
        lazy
            (progress "estimating the covariance" 0L 1L
             Whitening.estimate sampler Stream.Training covarianceStart (3 * fit))

    let samples =
        lazy
            (let truth, x = Codes world.NumFeatures, Matrix(fit, world.HiddenDim)
             sampler.Sample(Stream.Training, 0L, truth, x)
             truth, x)

    let probes =
        lazy
            (let means, whitening = means.Value, whitening.Value
             let settings = ProbeSettings.standard (100 * fit)

             let hear seen =
                 progress "training probes" (int64 seen) (100L * int64 fit)

             Probes.train hear sampler Stream.Training probesStart means whitening settings)

    /// Fit thresholds on the fit samples as `x` has them; `surplus` times the true number is to exceed the global one.
    let thresholds sae x surplus =
        Thresholds.fit backend sae x (fst samples.Value) (surplus * means.Value.TrackedL0)

    let withThresholds (sae: Lazy<Sae>) =
        sae, lazy (thresholds sae.Value (snd samples.Value) 1.0)

    let tied = withThresholds (lazy (Detectors.tied world width))
    let lda = withThresholds (lazy (Detectors.lda backend world means.Value whitening.Value))
    let probe = withThresholds probes

    let detector kind =
        match kind with
        | Detector.Tied -> tied
        | Detector.Lda -> lda

    let cut how (thresholds: Thresholds) =
        match how with
        | Cut.Global -> Array.create width thresholds.Global
        | Cut.Own -> thresholds.Own

    let linear kind how =
        let sae, thresholds = detector kind
        Coders.above sae.Value (cut how thresholds.Value)

    let corrected kind step how surplus : Sae =
        let first = linear kind Cut.Global
        let moved = Coders.correct backend first step (snd samples.Value)
        Coders.refined first step (cut how (thresholds first moved surplus))

    let probeThresholds own =
        if own then (snd probe).Value.Own else Array.create width Probes.EvenOdds

    let pursuit plan =
        let means = means.Value
        let atoms = if plan.AllFeatures then world.Dictionary else (fst tied).Value.Decoder

        let steps =
            if plan.LeastCorrelation > 0.0 then
                world.HiddenDim
            else
                max 1 (int (round means.TrackedL0))

        let share part = part * means.TrackedAmplitude

        Coders.pursuit
            backend
            atoms
            world.Bias
            steps
            (share plan.LeastCorrelation)
            (share plan.LeastCoefficient)

    let ofSae sae =
        Coders.ofInference backend (Inference.plain sae)

    let pruned kind step surplus least =
        Coders.ofInference
            backend
            { Sae = corrected kind step Cut.Global surplus
              PruneBelow = Some(float32 (least * means.Value.TrackedAmplitude)) }

    /// The coder of a baseline.
    member _.Coder(baseline: Baseline) : Coder =
        match baseline with
        | Baseline.Truth -> Coders.truth backend world width
        | Baseline.Linear(kind, how) -> ofSae (linear kind how)
        | Baseline.Corrected(kind, step, how) -> ofSae (corrected kind step how 1.0)
        | Baseline.Pruned(kind, step, surplus, least) -> pruned kind step surplus least
        | Baseline.Probe own -> ofSae (Coders.above (fst probe).Value (probeThresholds own))
        | Baseline.Pursuit plan -> pursuit plan

module Baselines =
    /// Samples at a time.
    [<Literal>]
    let private Batch = 1024

    let private check (world: World) (settings: BaselineSettings) =
        let refuse place (value: int64) (least: int64) (most: int64) =
            if value < least || value > most then
                raise (BadInput(place, $"is {value}, must be from {least} to {most}"))

        refuse "width" (int64 settings.Width) 1L (int64 world.NumFeatures)
        refuse "samples" settings.Samples 1L Int64.MaxValue
        refuse "fit samples" (int64 settings.FitSamples) 100L 1_000_000L

    /// Latent i stands for feature i.
    let private identity width : Matching =
        { BestFeature = Array.init width id
          BestCosine = Array.create width 1.0
          AssignedFeature = Array.init width id
          AssignedCosine = Array.create width 1.0
          Mcc = 1.0
          Uniqueness = 1.0 }

    let private microF1 width (sums: MetricSums) =
        let count (values: int64[]) = float (Array.sum values[.. width - 1])
        let all = count sums.Unsupervised.Fires + count sums.Active
        if all > 0.0 then 2.0 * count sums.Hits / all else 0.0

    let private conclude width (name, baseline) matching (blocks: MetricSums[]) : BaselineResult =
        let total = Array.reduce MetricSums.add blocks

        { Name = name
          Baseline = baseline
          Metrics = Metrics.ofSums matching total
          StandardErrors = Metrics.standardErrors matching blocks
          MicroF1 = microF1 width total
          MicroF1Error =
            Jackknife.standardErrors
                MetricSums.add
                MetricSums.subtract
                (microF1 width)
                (fun figure -> figure id)
                blocks }

    /// Fit and score baselines on a sampler's world, in their order. `progress` hears what is being done, and how
    /// many samples of how many are behind it. Raises `BadInput` for settings that cannot be.
    let run
        (progress: string -> int64 -> int64 -> unit)
        (sampler: Sampler)
        (settings: BaselineSettings)
        (baselines: (string * Baseline) list)
        : BaselineResult seq =
        check sampler.World settings
        let fitted = Fitted(sampler, settings, progress)
        let matching = identity settings.Width

        let evaluation: EvaluationSettings = { Samples = settings.Samples; BatchSize = Batch }

        let hear name seen =
            progress $"scoring {name}" seen settings.Samples

        seq {
            for name, baseline in baselines do
                let coder = fitted.Coder baseline
                let sums = Evaluation.accumulate (hear name) sampler matching coder evaluation
                conclude settings.Width (name, baseline) matching sums.Blocks
        }
