namespace SynthSae.Runs;

/// <summary>The mean of some batches' variances: steadier than each batch's own.</summary>
/// <param name="Sum">Of the variances.</param>
/// <param name="Batches">How many there were.</param>
internal readonly record struct MeanVariance(double Sum, long Batches)
{
    /// <summary>The mean.</summary>
    public double Mean => Sum / Batches;

    /// <summary>With another batch.</summary>
    public MeanVariance Add(double variance) => new(Sum + variance, Batches + 1);
}
