namespace SynthSae.Features;

/// <summary>A latent as a detector of a feature.</summary>
/// <param name="Latent">Its number.</param>
/// <param name="Cosine">With the feature, signed.</param>
/// <param name="Precision">Share of its firings with the feature active.</param>
/// <param name="Recall">Share of the feature's activity in which it fires.</param>
/// <param name="F1">Harmonic mean of both.</param>
internal readonly record struct FeatureDetector(
    int Latent, double Cosine, double Precision, double Recall, double F1);

/// <summary>One true feature: a line of <c>features.csv</c>.</summary>
/// <param name="Feature">Its number.</param>
/// <param name="Depth">In the hierarchy; -1 outside of it.</param>
/// <param name="Parent">The nearest feature above it; -1 if there is none.</param>
/// <param name="NominalRate">Firing probability of the specification.</param>
/// <param name="Rate">Share of samples in which it is active.</param>
/// <param name="MeanMagnitude">Where it is active; NaN if it never is.</param>
/// <param name="Nearest">The latent with the largest |cos|.</param>
/// <param name="Best">The one that detects it best.</param>
/// <param name="OwnLatents">How many belong to it and fire.</param>
/// <param name="TogetherF1">F1 of any of these.</param>
/// <param name="Lent">Share of its activity in which a descendant's latent stands in.</param>
/// <param name="Verdict">What became of it.</param>
internal sealed record FeatureRow(
    int Feature,
    int Depth,
    int Parent,
    double NominalRate,
    double Rate,
    double MeanMagnitude,
    FeatureDetector Nearest,
    FeatureDetector Best,
    int OwnLatents,
    double TogetherF1,
    double Lent,
    FeatureVerdict Verdict);
