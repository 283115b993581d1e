namespace SynthSae.Compute

/// One latent in the light of the features it may stand for.
type LatentReport =
    {
        Latent: int
        /// The feature with the largest |cos|.
        BestFeature: int
        /// Cosine with it, signed.
        Cosine: float
        /// The feature of the one-to-one matching, if the latent has one.
        AssignedFeature: int option
        /// Cosine with it, signed; 0 without one.
        AssignedCosine: float
        /// Against the best feature.
        Score: LatentScore
        /// Share of samples in which the latent fires.
        FiringRate: float
        /// Depth of the best feature in the hierarchy, if it is part of it.
        FeatureDepth: int option
        /// Share of samples in which the best feature is active.
        FeatureRate: float
    }

    /// Whether it fired in no sample.
    member report.IsDead = report.FiringRate = 0.0

/// The outcome of an evaluation.
type EvaluationResult =
    {
        Settings: EvaluationSettings
        Metrics: Metrics
        /// By the jackknife over 20 blocks of samples; 0 for the MCC and the uniqueness, which use no samples.
        StandardErrors: Metrics
        /// One for each latent.
        Latents: LatentReport[]
    }

module EvaluationResult =
    let private latentReports (world: World) (matching: Matching) (sums: MetricSums) =
        let fires, samples = sums.Unsupervised.Fires, float sums.Unsupervised.Samples
        let nodeOf feature = world.Forest.NodeOfFeature[feature]

        Metrics.latentScores matching sums
        |> Array.mapi (fun latent score ->
            let feature = matching.BestFeature[latent]
            let assigned = matching.AssignedFeature[latent]

            { Latent = latent
              BestFeature = feature
              Cosine = matching.BestCosine[latent]
              AssignedFeature = if assigned < 0 then None else Some assigned
              AssignedCosine = matching.AssignedCosine[latent]
              Score = score
              FiringRate = float fires[latent] / samples
              FeatureDepth =
                if nodeOf feature < 0 then None else Some world.Forest.Depth[nodeOf feature]
              FeatureRate = float sums.Active[feature] / samples })

    /// What the sums over a world's samples say, given by blocks of them.
    let conclude settings world matching (blocks: MetricSums[]) : EvaluationResult =
        let total = Array.reduce MetricSums.add blocks

        { Settings = settings
          Metrics = Metrics.ofSums matching total
          StandardErrors = Metrics.standardErrors matching blocks
          Latents = latentReports world matching total }
