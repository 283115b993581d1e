using SynthSae.Spec;

namespace SynthSae;

public abstract partial record Architecture
{
    /// <summary>
    /// The k largest pre-activations of each sample are active (Gao et al. 2024).
    /// </summary>
    /// <param name="K">Active latents per sample, in [1, L].</param>
    public sealed record TopK(int K) : Architecture
    {
        /// <inheritdoc/>
        public override string Name => "topk";

        /// <summary>
        /// Compare pre-activations multiplied by the norm of the latent's decoder row.
        /// </summary>
        public bool RescalesByDecoderNorm { get; init; } = true;

        /// <summary>The loss that gives dead latents a gradient.</summary>
        public AuxiliaryLoss AuxiliaryLoss { get; init; } = AuxiliaryLoss.Standard;

        internal static TopK OfCore(SaeArchitecture.TopK core) => new(core.k)
        {
            RescalesByDecoderNorm = core.Item2.RescaleActsByDecoderNorm,
            AuxiliaryLoss = AuxiliaryLoss.OfCore(core.Item2.AuxK),
        };

        internal override SaeArchitecture ToCore() =>
            SaeArchitecture.NewTopK(K, Family(RescalesByDecoderNorm, AuxiliaryLoss));
    }

    /// <summary>
    /// The k pre-activations of each sample with the largest absolute value are active, with their
    /// sign (arXiv 2510.00404).
    /// </summary>
    /// <param name="K">Active latents per sample, in [1, L].</param>
    public sealed record AbsTopK(int K) : Architecture
    {
        /// <inheritdoc/>
        public override string Name => "abstopk";

        /// <inheritdoc cref="TopK.RescalesByDecoderNorm"/>
        public bool RescalesByDecoderNorm { get; init; } = true;

        /// <inheritdoc cref="TopK.AuxiliaryLoss"/>
        public AuxiliaryLoss AuxiliaryLoss { get; init; } = AuxiliaryLoss.Standard;

        internal static AbsTopK OfCore(SaeArchitecture.AbsTopK core) => new(core.k)
        {
            RescalesByDecoderNorm = core.Item2.RescaleActsByDecoderNorm,
            AuxiliaryLoss = AuxiliaryLoss.OfCore(core.Item2.AuxK),
        };

        internal override SaeArchitecture ToCore() =>
            SaeArchitecture.NewAbsTopK(K, Family(RescalesByDecoderNorm, AuxiliaryLoss));
    }

    /// <summary>
    /// The k·B largest pre-activations of a whole batch are active (Bussmann et al. 2024); the
    /// saved SAE has a threshold instead and looks at each sample alone.
    /// </summary>
    /// <param name="K">Active latents per sample on average, in (0, L]; may be fractional.</param>
    public sealed record BatchTopK(double K) : Architecture
    {
        /// <inheritdoc/>
        public override string Name => "batchtopk";

        /// <summary>
        /// How fast the running threshold moves that the saved SAE has; in [0, 1].
        /// </summary>
        public double ThresholdLearningRate { get; init; } = 0.01;

        /// <inheritdoc cref="TopK.RescalesByDecoderNorm"/>
        public bool RescalesByDecoderNorm { get; init; } = true;

        /// <inheritdoc cref="TopK.AuxiliaryLoss"/>
        public AuxiliaryLoss AuxiliaryLoss { get; init; } = AuxiliaryLoss.Standard;

        internal static BatchTopK OfCore(SaeArchitecture.BatchTopK core) => new(core.k)
        {
            ThresholdLearningRate = core.thresholdLr,
            RescalesByDecoderNorm = core.Item3.RescaleActsByDecoderNorm,
            AuxiliaryLoss = AuxiliaryLoss.OfCore(core.Item3.AuxK),
        };

        internal override SaeArchitecture ToCore() => SaeArchitecture.NewBatchTopK(
            K, ThresholdLearningRate, Family(RescalesByDecoderNorm, AuxiliaryLoss));
    }

    private static TopKFamily Family(bool rescales, AuxiliaryLoss loss) =>
        new(rescales, loss.ToCore());
}
