using SynthSae.Api;
using SynthSae.Spec;

namespace SynthSae;

public abstract partial record Architecture
{
    /// <summary>
    /// relu with a penalty on the size of the latents, from which the L0 follows.
    /// </summary>
    /// <param name="L1">Weight of the penalty.</param>
    public sealed record Standard(SparsityPenalty L1) : Architecture
    {
        /// <inheritdoc/>
        public override string Name => "standard";

        /// <summary>p of the norm ‖(f_j ‖W_dec,j‖)_j‖_p that is penalised; above 0.</summary>
        public double LpNorm { get; init; } = 1;

        internal static Standard OfCore(Spec.Standard core) =>
            new(SparsityPenalty.OfCore(core.L1)) { LpNorm = core.LpNorm };

        internal override SaeArchitecture ToCore() =>
            SaeArchitecture.NewStandard(new Spec.Standard(L1.ToCore(), LpNorm));
    }

    /// <summary>
    /// A gate decides whether a latent fires, a magnitude how much (Rajamanoharan et al. 2024).
    /// </summary>
    /// <param name="L1">Weight of the penalty λ · mean of Σ_j relu(gate_j) ‖W_dec,j‖.</param>
    public sealed record Gated(SparsityPenalty L1) : Architecture
    {
        /// <inheritdoc/>
        public override string Name => "gated";

        internal override SaeArchitecture ToCore() =>
            SaeArchitecture.NewGated(new Spec.Gated(L1.ToCore()));
    }

    /// <summary>
    /// A trained threshold for each latent (Rajamanoharan et al. 2024); the L0 follows from a
    /// penalty.
    /// </summary>
    /// <param name="L0">Weight of the sparsity loss.</param>
    public sealed record JumpRelu(SparsityPenalty L0) : Architecture
    {
        /// <inheritdoc/>
        public override string Name => "jumprelu";

        /// <summary>The thresholds at the start; above 0.</summary>
        public double InitialThreshold { get; init; } = 0.01;

        /// <summary>Width of the rectangle in which thresholds get a gradient; above 0.</summary>
        public double Bandwidth { get; init; } = 0.05;

        /// <summary>What the sparsity loss counts.</summary>
        public JumpReluLoss Loss { get; init; } = new JumpReluLoss.Step();

        /// <summary>
        /// Weight of the loss that pulls dead latents up to their thresholds; null for no such
        /// loss.
        /// </summary>
        public double? PreActivationLoss { get; init; }

        /// <summary>
        /// Train log θ instead of θ (the reference before 6.48, and the published results).
        /// </summary>
        public bool TrainsLogThreshold { get; init; }

        /// <summary>
        /// Give the pre-activation, too, the gradient of the rectangle around its threshold.
        /// </summary>
        public bool StraightThrough { get; init; }

        /// <summary>The loss that gives dead latents a gradient; none by default.</summary>
        public AuxiliaryLoss AuxiliaryLoss { get; init; } = AuxiliaryLoss.None;

        internal static JumpRelu OfCore(Spec.JumpRelu core) => new(SparsityPenalty.OfCore(core.L0))
        {
            InitialThreshold = core.InitThreshold,
            Bandwidth = core.Bandwidth,
            Loss = JumpReluLoss.OfCore(core.Sparsity),
            PreActivationLoss = FSharpValues.Nullable(core.PreActLossCoefficient),
            TrainsLogThreshold = core.Parameter.IsLog,
            StraightThrough = core.StraightThrough,
            AuxiliaryLoss = AuxiliaryLoss.OfCore(core.AuxK),
        };

        internal override SaeArchitecture ToCore() => SaeArchitecture.NewJumpRelu(new Spec.JumpRelu(
            InitialThreshold,
            Bandwidth,
            Loss.ToCore(),
            L0.ToCore(),
            FSharpValues.Option(PreActivationLoss),
            TrainsLogThreshold ? ThresholdParameter.Log : ThresholdParameter.Direct,
            StraightThrough,
            AuxiliaryLoss.ToCore()));
    }

    /// <summary>
    /// One latent after another, each by what the others left of x (arXiv 2506.03093); encoder and
    /// decoder are one matrix.
    /// </summary>
    public sealed record MatchingPursuit : Architecture
    {
        /// <inheritdoc/>
        public override string Name => "matching_pursuit";

        /// <summary>At most so many latents per sample, at least 1; null for D.</summary>
        public int? MaxIterations { get; init; }

        /// <summary>
        /// A sample is finished when its residual's norm is below this; 0 for never.
        /// </summary>
        public double ResidualThreshold { get; init; } = 0.01;

        /// <summary>A sample is finished when an iteration adds no new latent.</summary>
        public bool StopsOnDuplicate { get; init; } = true;

        internal static MatchingPursuit OfCore(Spec.MatchingPursuit core) => new()
        {
            MaxIterations = FSharpValues.Nullable(core.MaxIterations),
            ResidualThreshold = core.ResidualThreshold,
            StopsOnDuplicate = core.StopOnDuplicateSupport,
        };

        internal override SaeArchitecture ToCore() => SaeArchitecture.NewMatchingPursuit(
            new Spec.MatchingPursuit(
                ResidualThreshold, FSharpValues.Option(MaxIterations), StopsOnDuplicate));
    }
}
