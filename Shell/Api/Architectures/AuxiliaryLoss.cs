using SynthSae.Spec;

namespace SynthSae;

/// <summary>The loss that gives dead latents a gradient (AuxK, Gao et al. 2024).</summary>
/// <param name="Coefficient">Its weight, at least 0; 0 for no such loss.</param>
public sealed record AuxiliaryLoss(double Coefficient)
{
    /// <summary>
    /// Measure it relative to the residual's variance, as Gao et al. do, who then take 1/32.
    /// </summary>
    public bool NormalizedByVariance { get; init; }

    /// <summary>
    /// Add the decoder's bias to what the dead latents reconstruct (the reference before 6.36.2).
    /// </summary>
    public bool AddsDecoderBias { get; init; }

    /// <summary>No such loss.</summary>
    public static AuxiliaryLoss None { get; } = new(0);

    /// <summary>As the reference has it, with weight 1.</summary>
    public static AuxiliaryLoss Standard { get; } = new(1);

    internal static AuxiliaryLoss OfCore(AuxK core) => new(core.Coefficient)
    {
        NormalizedByVariance = core.Normalization.IsVariance,
        AddsDecoderBias = core.DecoderBias,
    };

    internal AuxK ToCore() => new(
        Coefficient,
        NormalizedByVariance ? AuxKNormalization.Variance : AuxKNormalization.Raw,
        AddsDecoderBias);
}
