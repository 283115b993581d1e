using SynthSae.Api;
using SynthSae.Compute;

namespace SynthSae;

/// <summary>
/// One latent in the light of the feature that its decoder direction is nearest to.
/// </summary>
/// <param name="Latent">Its number.</param>
/// <param name="Feature">The feature with the largest |cosine|.</param>
/// <param name="Cosine">Between the latent's direction and that feature's, signed.</param>
/// <param name="AssignedFeature">
/// Its feature in the one-to-one matching of latents and features; null if it has none.
/// </param>
/// <param name="AssignedCosine">Cosine with that, signed; 0 without one.</param>
/// <param name="Precision">Of the latent's firings, the share with the feature active.</param>
/// <param name="Recall">Of the feature's activity, the share in which the latent fires.</param>
/// <param name="F1">Their harmonic mean; 0 where undefined.</param>
/// <param name="FiringRate">Share of samples in which the latent fires.</param>
/// <param name="FeatureRate">Share of samples in which the feature is active.</param>
/// <param name="FeatureDepth">The feature's depth in the hierarchy; null outside it.</param>
public sealed record LatentEvaluation(
    int Latent,
    int Feature,
    double Cosine,
    int? AssignedFeature,
    double AssignedCosine,
    double Precision,
    double Recall,
    double F1,
    double FiringRate,
    double FeatureRate,
    int? FeatureDepth)
{
    /// <summary>It fired in no sample.</summary>
    public bool IsDead => FiringRate == 0;

    internal static LatentEvaluation OfCore(LatentReport core) => new(
        core.Latent,
        core.BestFeature,
        core.Cosine,
        FSharpValues.Nullable(core.AssignedFeature),
        core.AssignedCosine,
        core.Score.Precision,
        core.Score.Recall,
        core.Score.F1Score,
        core.FiringRate,
        core.FeatureRate,
        FSharpValues.Nullable(core.FeatureDepth));
}
