using SynthSae.Api;
using SynthSae.Compute;

namespace SynthSae;

/// <summary>One true feature in the light of the latents that may stand for it.</summary>
/// <param name="Feature">Its number.</param>
/// <param name="Recovery">What became of it.</param>
/// <param name="Rate">Share of samples in which it is active.</param>
/// <param name="NominalRate">Its firing probability in the specification.</param>
/// <param name="MeanMagnitude">Its mean magnitude where it is active; NaN if it never is.</param>
/// <param name="NearestLatent">The latent whose decoder direction has the largest |cosine|.</param>
/// <param name="NearestCosine">That cosine, signed.</param>
/// <param name="BestLatent">
/// The latent that detects it best among this one and those whose nearest feature it is.
/// </param>
/// <param name="BestF1">
/// The F1 with which that latent's firing tells that the feature is active.
/// </param>
public sealed record FeatureEvaluation(
    int Feature,
    FeatureRecovery Recovery,
    double Rate,
    double NominalRate,
    double MeanMagnitude,
    int NearestLatent,
    double NearestCosine,
    int BestLatent,
    double BestF1)
{
    /// <summary>Its depth in the hierarchy, 0 at the root; null outside it.</summary>
    public int? Depth { get; init; }

    /// <summary>The nearest feature above it in the hierarchy; null if there is none.</summary>
    public int? Parent { get; init; }

    /// <summary>How many latents point along it and fire.</summary>
    public int OwnLatents { get; init; }

    /// <summary>The F1 with which any of these firing tells that it is active.</summary>
    public double TogetherF1 { get; init; }

    /// <summary>
    /// Share of its activity in which none of its own latents fires, but a descendant's does that
    /// points along it too.
    /// </summary>
    public double LentToDescendants { get; init; }

    internal static FeatureEvaluation OfCore(FeatureReport core) => new(
        core.Feature,
        core.Verdict.IsRecovered ? FeatureRecovery.Recovered
            : core.Verdict.IsSplit ? FeatureRecovery.Split
            : core.Verdict.IsAbsorbed ? FeatureRecovery.Absorbed
            : FeatureRecovery.Missed,
        core.Rate,
        core.NominalRate,
        core.MeanMagnitude,
        core.Nearest.Latent,
        core.Nearest.Cosine,
        core.Best.Latent,
        core.Best.Score.F1Score)
    {
        Depth = FSharpValues.Nullable(core.Depth),
        Parent = FSharpValues.Nullable(core.Parent),
        OwnLatents = core.OwnLatents,
        TogetherF1 = core.TogetherF1,
        LentToDescendants = core.Lent,
    };
}
