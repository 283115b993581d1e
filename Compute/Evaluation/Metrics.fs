namespace SynthSae.Compute

/// How well an SAE recovers the true features (reference: `eval_sae_on_synthetic_data`). The same shape
/// holds the standard errors of these figures.
type Metrics =
    {
        /// Mean number of active features per sample.
        TrueL0: float
        /// Mean number of firing latents per sample.
        SaeL0: float
        /// Number of latents that never fire.
        DeadLatents: float
        /// Mean ‖x̂‖/‖x‖ over samples with ‖x‖ > 1e-6; 0 if there are none.
        Shrinkage: float
        /// 1 − MSE/variance over all samples.
        ExplainedVariance: float
        /// Mean ‖x − x̂‖².
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
        mutable Samples: int64
        /// Active features, over all samples.
        mutable TrueEntries: int64
        /// Firing latents, over all samples.
        mutable LatentEntries: int64
        /// Σ ‖x‖².
        mutable SquaredNorm: float
        /// Σ ‖x − x̂‖².
        mutable SquaredError: float
        /// Σ ‖x̂‖/‖x‖ where ‖x‖ > 1e-6.
        mutable NormRatio: float
        /// Number of such samples.
        mutable NormRatios: int64
        /// (D): Σ x.
        Sum: float[]
        /// (N): samples in which the feature is active.
        Active: int64[]
        /// (L): samples in which the latent fires.
        Fires: int64[]
        /// (L): samples in which it fires and its best feature is active.
        Hits: int64[]
    }

module MetricSums =
    /// Sums over no samples.
    let zero latents features dim =
        { Samples = 0L
          TrueEntries = 0L
          LatentEntries = 0L
          SquaredNorm = 0.0
          SquaredError = 0.0
          NormRatio = 0.0
          NormRatios = 0L
          Sum = Array.zeroCreate dim
          Active = Array.zeroCreate features
          Fires = Array.zeroCreate latents
          Hits = Array.zeroCreate latents }

    /// Both sums, combined element by element.
    let inline private combine ([<InlineIfLambda>] count) ([<InlineIfLambda>] real) a b =
        { Samples = count a.Samples b.Samples
          TrueEntries = count a.TrueEntries b.TrueEntries
          LatentEntries = count a.LatentEntries b.LatentEntries
          SquaredNorm = real a.SquaredNorm b.SquaredNorm
          SquaredError = real a.SquaredError b.SquaredError
          NormRatio = real a.NormRatio b.NormRatio
          NormRatios = count a.NormRatios b.NormRatios
          Sum = Array.map2 (fun x y -> real x y) a.Sum b.Sum
          Active = Array.map2 (fun x y -> count x y) a.Active b.Active
          Fires = Array.map2 (fun x y -> count x y) a.Fires b.Fires
          Hits = Array.map2 (fun x y -> count x y) a.Hits b.Hits }

    /// Sums over the samples of both.
    let add a b =
        combine (fun (x: int64) y -> x + y) (fun (x: float) y -> x + y) a b

    /// Sums over the samples of `a` without those of `b`.
    let subtract a b =
        combine (fun (x: int64) y -> x - y) (fun (x: float) y -> x - y) a b

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
        matching.BestFeature
        |> Array.mapi (fun latent feature ->
            latentScore sums.Samples sums.Fires[latent] sums.Active[feature] sums.Hits[latent])

    /// 1 − MSE/variance; a constant x is explained fully or not at all.
    let private explainedVariance (sums: MetricSums) =
        let samples = float sums.Samples

        let variance =
            sums.SquaredNorm / samples - Array.sumBy (fun sum -> (sum / samples) ** 2.0) sums.Sum

        if variance >= 1e-10 then 1.0 - sums.SquaredError / samples / variance
        elif sums.SquaredError < 1e-10 then 1.0
        else 0.0

    /// The metrics of some samples, at least one.
    let ofSums (matching: Matching) (sums: MetricSums) : Metrics =
        let samples = float sums.Samples
        let scores = latentScores matching sums

        let mean (part: LatentScore -> float) =
            Array.sumBy part scores / float (max 1 scores.Length)

        { TrueL0 = float sums.TrueEntries / samples
          SaeL0 = float sums.LatentEntries / samples
          DeadLatents = sums.Fires |> Array.sumBy (fun fires -> if fires = 0L then 1.0 else 0.0)
          Shrinkage = ratio sums.NormRatio (float sums.NormRatios)
          ExplainedVariance = explainedVariance sums
          Mse = sums.SquaredError / samples
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

    /// Standard errors by the delete-one-block jackknife over blocks of samples of about equal size:
    /// √((g−1)/g · Σ (θ₍b₎ − mean θ₍b₎)²), θ₍b₎ the figure without block b. NaN with fewer than two blocks, 0 for
    /// what does not depend on the samples.
    let standardErrors (matching: Matching) (blocks: MetricSums[]) : Metrics =
        if blocks.Length < 2 then
            each (fun _ -> nan)
        else
            let count = float blocks.Length
            let total = Array.reduce MetricSums.add blocks

            let without =
                blocks |> Array.map (fun block -> ofSums matching (MetricSums.subtract total block))

            each (fun figure ->
                // From one of them, so that what never changes has an error of exactly 0.
                let values =
                    without |> Array.map (fun metrics -> figure metrics - figure without[0])

                let mean = Array.average values

                sqrt (
                    (count - 1.0) / count * Array.sumBy (fun value -> (value - mean) ** 2.0) values
                ))
