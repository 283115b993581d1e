namespace SynthSae;

/// <summary>A value of a metric.</summary>
/// <param name="Step">After so many steps.</param>
/// <param name="Samples">And so many samples.</param>
/// <param name="Value">NaN where there was none.</param>
public readonly record struct MetricValue(long Step, long Samples, double Value);
