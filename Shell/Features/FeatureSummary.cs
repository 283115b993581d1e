namespace SynthSae.Features;

/// <summary>What became of some features.</summary>
/// <param name="Features">How many there are.</param>
/// <param name="Verdicts">How many have each verdict, in their order.</param>
/// <param name="MeanF1">Of the best latents; NaN without features.</param>
/// <param name="MeanCosine">|cos| of the nearest latents; NaN without features.</param>
internal sealed record FeatureGroup(
    int Features, IReadOnlyList<int> Verdicts, double MeanF1, double MeanCosine)
{
    /// <summary>How many have a verdict.</summary>
    public int this[FeatureVerdict verdict] => Verdicts[(int)verdict];

    /// <summary>Share of the features that have a verdict; NaN without features.</summary>
    public double Share(FeatureVerdict verdict) =>
        Features == 0 ? double.NaN : (double)this[verdict] / Features;
}

/// <summary>Features of one depth.</summary>
/// <param name="Depth">In the hierarchy; -1 outside of it.</param>
/// <param name="Group">What became of them.</param>
internal sealed record FeatureDepth(int Depth, FeatureGroup Group);

/// <summary>Features with a figure in a range.</summary>
internal sealed record FeatureBin(double From, double To, FeatureGroup Group);

/// <summary>What <c>recovery.json</c> holds.</summary>
/// <param name="Samples">Samples that the verdicts rest on.</param>
/// <param name="Features">N.</param>
/// <param name="Latents">L.</param>
/// <param name="All">Features that were active at all.</param>
/// <param name="NeverActive">Features that were not.</param>
/// <param name="ByDepth">The roots first; those outside the hierarchy last.</param>
/// <param name="ByRate">By the share of samples in which a feature is active.</param>
/// <param name="ByMagnitude">By the mean magnitude of an active feature.</param>
/// <param name="HeatMap">
/// Latents in rows, features in columns, both in their order and pooled: the largest |cos| of each
/// cell, from 0 to 1. All rows have the same length.
/// </param>
internal sealed record FeatureSummary(
    long Samples,
    int Features,
    int Latents,
    FeatureGroup All,
    int NeverActive,
    IReadOnlyList<FeatureDepth> ByDepth,
    IReadOnlyList<FeatureBin> ByRate,
    IReadOnlyList<FeatureBin> ByMagnitude,
    IReadOnlyList<IReadOnlyList<double>> HeatMap);
