namespace SynthSae.Compute

/// What can be said of an SAE without knowing the true features. The same shape holds the standard errors of these
/// figures.
type UnsupervisedMetrics =
    {
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
    }

/// Sums over samples from which these metrics follow; sums over disjoint samples add.
type UnsupervisedSums =
    {
        mutable Samples: int64
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
        /// (L): samples in which the latent fires.
        Fires: int64[]
    }

module UnsupervisedSums =
    /// Sums over no samples.
    let zero latents dim =
        { Samples = 0L
          LatentEntries = 0L
          SquaredNorm = 0.0
          SquaredError = 0.0
          NormRatio = 0.0
          NormRatios = 0L
          Sum = Array.zeroCreate dim
          Fires = Array.zeroCreate latents }

    /// Both sums, combined element by element.
    let inline private combine ([<InlineIfLambda>] count) ([<InlineIfLambda>] real) a b =
        { Samples = count a.Samples b.Samples
          LatentEntries = count a.LatentEntries b.LatentEntries
          SquaredNorm = real a.SquaredNorm b.SquaredNorm
          SquaredError = real a.SquaredError b.SquaredError
          NormRatio = real a.NormRatio b.NormRatio
          NormRatios = count a.NormRatios b.NormRatios
          Sum = Array.map2 (fun x y -> real x y) a.Sum b.Sum
          Fires = Array.map2 (fun x y -> count x y) a.Fires b.Fires }

    /// Sums over the samples of both.
    let add a b =
        combine (fun (x: int64) y -> x + y) (fun (x: float) y -> x + y) a b

    /// Sums over the samples of `a` without those of `b`.
    let subtract a b =
        combine (fun (x: int64) y -> x - y) (fun (x: float) y -> x - y) a b

module UnsupervisedMetrics =
    /// 1 − MSE/variance; a constant x is explained fully or not at all.
    let private explainedVariance (sums: UnsupervisedSums) =
        let samples = float sums.Samples

        let variance =
            sums.SquaredNorm / samples - Array.sumBy (fun sum -> (sum / samples) ** 2.0) sums.Sum

        if variance >= 1e-10 then 1.0 - sums.SquaredError / samples / variance
        elif sums.SquaredError < 1e-10 then 1.0
        else 0.0

    /// The metrics of some samples, at least one.
    let ofSums (sums: UnsupervisedSums) : UnsupervisedMetrics =
        let samples = float sums.Samples

        { SaeL0 = float sums.LatentEntries / samples
          DeadLatents = sums.Fires |> Array.sumBy (fun fires -> if fires = 0L then 1.0 else 0.0)
          Shrinkage = if sums.NormRatios > 0L then sums.NormRatio / float sums.NormRatios else 0.0
          ExplainedVariance = explainedVariance sums
          Mse = sums.SquaredError / samples }

    /// Apply one function to every figure.
    let each (f: (UnsupervisedMetrics -> float) -> float) : UnsupervisedMetrics =
        { SaeL0 = f _.SaeL0
          DeadLatents = f _.DeadLatents
          Shrinkage = f _.Shrinkage
          ExplainedVariance = f _.ExplainedVariance
          Mse = f _.Mse }

    /// Standard errors from blocks of samples (`Jackknife`).
    let standardErrors (blocks: UnsupervisedSums[]) : UnsupervisedMetrics =
        Jackknife.standardErrors UnsupervisedSums.add UnsupervisedSums.subtract ofSums each blocks
