using SynthSae.Api;
using SynthSae.Spec;

namespace SynthSae;

public abstract partial record Architecture
{
    /// <summary>
    /// BatchTopK with nested reconstructions (Bussmann et al. 2025): each level reconstructs x from
    /// the first latents alone.
    /// </summary>
    /// <param name="K">Active latents per sample on average, in (0, L]; may be fractional.</param>
    /// <param name="Widths">
    /// How many latents each level has, strictly increasing within [1, L]; L is added at the end
    /// where it is missing.
    /// </param>
    public sealed record Matryoshka(double K, IReadOnlyList<int> Widths) : Architecture
    {
        private readonly ValueList<int> _widths = new(Widths);
        private readonly ValueList<double> _innerWeights = new([]);
        private readonly ValueList<double> _l1Coefficients = new([]);

        /// <inheritdoc/>
        public override string Name => "matryoshka_batchtopk";

        /// <summary>How many latents each level has, strictly increasing within [1, L].</summary>
        public IReadOnlyList<int> Widths
        {
            get => _widths;
            init => _widths = new(value);
        }

        /// <summary>
        /// Weights of the inner levels' errors, one for each width below L; empty for 1 each.
        /// </summary>
        public IReadOnlyList<double> InnerWeights
        {
            get => _innerWeights;
            init => _innerWeights = new(value);
        }

        /// <summary>
        /// L1 penalties on each inner level's latents and, last, on all; empty for none.
        /// </summary>
        public IReadOnlyList<double> L1Coefficients
        {
            get => _l1Coefficients;
            init => _l1Coefficients = new(value);
        }

        /// <summary>
        /// Cut the gradient of an inner level to the latents of the levels before it.
        /// </summary>
        public bool Detached { get; init; }

        /// <summary>
        /// Put latents into levels by how often they fire, the most frequent first, instead of by
        /// number.
        /// </summary>
        public bool OrderedByFrequency { get; init; }

        /// <summary>
        /// Give each block of latents an auxiliary loss against its own level's error.
        /// </summary>
        public bool AuxiliaryLossPerLevel { get; init; }

        /// <inheritdoc cref="BatchTopK.ThresholdLearningRate"/>
        public double ThresholdLearningRate { get; init; } = 0.01;

        /// <inheritdoc cref="TopK.RescalesByDecoderNorm"/>
        public bool RescalesByDecoderNorm { get; init; } = true;

        /// <inheritdoc cref="TopK.AuxiliaryLoss"/>
        public AuxiliaryLoss AuxiliaryLoss { get; init; } = AuxiliaryLoss.Standard;

        internal static Matryoshka OfCore(SaeArchitecture.Matryoshka core)
        {
            var (family, levels) = (core.Item3, core.Item4);
            return new(core.k, levels.Widths)
            {
                InnerWeights = levels.InnerWeights,
                L1Coefficients = levels.L1Coefficients,
                Detached = levels.Detached,
                OrderedByFrequency = levels.Order.IsFrequency,
                AuxiliaryLossPerLevel = levels.AuxLossPerLevel,
                ThresholdLearningRate = core.thresholdLr,
                RescalesByDecoderNorm = family.RescaleActsByDecoderNorm,
                AuxiliaryLoss = AuxiliaryLoss.OfCore(family.AuxK),
            };
        }

        internal override SaeArchitecture ToCore() => SaeArchitecture.NewMatryoshka(
            K,
            ThresholdLearningRate,
            Family(RescalesByDecoderNorm, AuxiliaryLoss),
            new MatryoshkaLevels(
                FSharpValues.List(_widths),
                AuxiliaryLossPerLevel,
                FSharpValues.List(_innerWeights),
                Detached,
                OrderedByFrequency ? LevelOrder.Frequency : LevelOrder.Index,
                FSharpValues.List(_l1Coefficients)));
    }
}
