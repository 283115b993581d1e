using System.Globalization;

namespace SynthSae;

/// <summary>A figure that was measured on samples.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="StandardError">
/// Of the sampling of the data; 0 where none enter; NaN if it is not known.
/// </param>
public readonly record struct MetricEstimate(double Value, double StandardError)
{
    /// <summary>"value ± standard error".</summary>
    public override string ToString() =>
        StandardError > 0
            ? string.Create(
                CultureInfo.InvariantCulture, $"{Value:g6} ± {StandardError:g2}")
            : Value.ToString("g6", CultureInfo.InvariantCulture);
}
