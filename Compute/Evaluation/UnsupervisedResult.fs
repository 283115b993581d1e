namespace SynthSae.Compute

/// How an SAE is scored.
type EvaluationSettings =
    {
        /// Samples of the evaluation stream, from its first.
        Samples: int64
        /// Samples at a time; matters to an SAE whose latents compete across the batch.
        BatchSize: int
    }

/// The outcome of an evaluation without a truth.
type UnsupervisedResult =
    {
        Settings: EvaluationSettings
        Metrics: UnsupervisedMetrics
        /// By the jackknife over 20 blocks of neighbouring samples.
        StandardErrors: UnsupervisedMetrics
        /// (L): share of samples in which the latent fires.
        FiringRates: float[]
    }

module UnsupervisedResult =
    /// What the sums over samples say, given by blocks of them.
    let conclude settings (blocks: UnsupervisedSums[]) : UnsupervisedResult =
        let total = Array.reduce UnsupervisedSums.add blocks

        { Settings = settings
          Metrics = UnsupervisedMetrics.ofSums total
          StandardErrors = UnsupervisedMetrics.standardErrors blocks
          FiringRates = total.Fires |> Array.map (fun fires -> float fires / float total.Samples) }
