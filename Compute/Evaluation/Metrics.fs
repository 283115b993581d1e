namespace SynthSae.Compute

/// How well an SAE recovers the true features (reference: `eval_sae_on_synthetic_data`). The same shape
/// holds the standard errors of these figures.
type Metrics =
    {
        /// Mean number of active features per sample.
        TrueL0: float
        /// See `UnsupervisedMetrics`, as for the four that follow.
        SaeL0: float
        DeadLatents: float
        Shrinkage: float
        ExplainedVariance: float
        Mse: float
        /// See `Matching`.
        Mcc: float
        /// See `Matching`.
        Uniqueness: float
        /// Of a latent firing as a sign that its best feature is active; mean over all latents, 0 where undefined.
        Precision: float
        /// As precision.
        Recall: float
        /// Mean of the latents' own F1 scores, 0 where undefined.
        F1Score: float
        /// Mean share of samples where a latent and its best feature are both on or both off.
        Accuracy: float
    }

/// Sums over samples from which the metrics follow; sums over disjoint samples add.
type MetricSums =
    {
        /// What needs no truth.
        Unsupervised: UnsupervisedSums
        /// Active features, over all samples.
        mutable TrueEntries: int64
        /// (N): samples in which the feature is active.
        Active: int64[]
        /// (L): samples in which the latent fires and its best feature is active.
        Hits: int64[]
    }

module MetricSums =
    /// No features seen yet, beside what needs no truth.
    let create features (unsupervised: UnsupervisedSums) =
        { Unsupervised = unsupervised
          TrueEntries = 0L
          Active = Array.zeroCreate features
          Hits = Array.zeroCreate unsupervised.Fires.Length }

    /// Sums over the samples of both.
    let add a b =
        { Unsupervised = UnsupervisedSums.add a.Unsupervised b.Unsupervised
          TrueEntries = a.TrueEntries + b.TrueEntries
          Active = Array.map2 (+) a.Active b.Active
          Hits = Array.map2 (+) a.Hits b.Hits }

    /// Sums over the samples of `a` without those of `b`.
    let subtract a b =
        { Unsupervised = UnsupervisedSums.subtract a.Unsupervised b.Unsupervised
          TrueEntries = a.TrueEntries - b.TrueEntries
          Active = Array.map2 (-) a.Active b.Active
          Hits = Array.map2 (-) a.Hits b.Hits }

/// One latent as a classifier of its best feature.
[<Struct>]
type LatentScore =
    { Precision: float
      Recall: float
      F1Score: float
      Accuracy: float }

module Metrics =
    let private ratio (part: float) (whole: float) =
        if whole > 0.0 then part / whole else 0.0

    /// Scores from counts over `samples`: the latent fired, the feature was active, both at once.
    let latentScore (samples: int64) (fires: int64) (active: int64) (hits: int64) : LatentScore =
        let precision = ratio (float hits) (float fires)
        let recall = ratio (float hits) (float active)
        let neither = samples - fires - active + hits

        { Precision = precision
          Recall = recall
          F1Score = ratio (2.0 * precision * recall) (precision + recall)
          Accuracy = ratio (float (hits + neither)) (float samples) }

    /// The score of each latent.
    let latentScores (matching: Matching) (sums: MetricSums) =
        let fires, samples = sums.Unsupervised.Fires, sums.Unsupervised.Samples

        matching.BestFeature
        |> Array.mapi (fun latent feature ->
            latentScore samples fires[latent] sums.Active[feature] sums.Hits[latent])

    /// The metrics of some samples, at least one.
    let ofSums (matching: Matching) (sums: MetricSums) : Metrics =
        let unsupervised = UnsupervisedMetrics.ofSums sums.Unsupervised
        let scores = latentScores matching sums

        let mean (part: LatentScore -> float) =
            Array.sumBy part scores / float (max 1 scores.Length)

        { TrueL0 = float sums.TrueEntries / float sums.Unsupervised.Samples
          SaeL0 = unsupervised.SaeL0
          DeadLatents = unsupervised.DeadLatents
          Shrinkage = unsupervised.Shrinkage
          ExplainedVariance = unsupervised.ExplainedVariance
          Mse = unsupervised.Mse
          Mcc = matching.Mcc
          Uniqueness = matching.Uniqueness
          Precision = mean _.Precision
          Recall = mean _.Recall
          F1Score = mean _.F1Score
          Accuracy = mean _.Accuracy }

    /// Apply one function to every figure.
    let each (f: (Metrics -> float) -> float) : Metrics =
        { TrueL0 = f _.TrueL0
          SaeL0 = f _.SaeL0
          DeadLatents = f _.DeadLatents
          Shrinkage = f _.Shrinkage
          ExplainedVariance = f _.ExplainedVariance
          Mse = f _.Mse
          Mcc = f _.Mcc
          Uniqueness = f _.Uniqueness
          Precision = f _.Precision
          Recall = f _.Recall
          F1Score = f _.F1Score
          Accuracy = f _.Accuracy }

    /// Standard errors from blocks of samples (`Jackknife`).
    let standardErrors (matching: Matching) (blocks: MetricSums[]) : Metrics =
        Jackknife.standardErrors MetricSums.add MetricSums.subtract (ofSums matching) each blocks
