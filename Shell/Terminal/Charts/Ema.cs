namespace SynthSae.Terminal.Charts;

/// <summary>Exponential moving averages.</summary>
internal static class Ema
{
    /// <summary>
    /// Each value averaged with those before it, of which <paramref name="kept"/> stays at each
    /// step, without a bias towards zero at the beginning. NaN stays, and changes nothing.
    /// </summary>
    public static ReadOnlyMemory<double> Of(ReadOnlyMemory<double> values, double kept)
    {
        if (!(kept > 0))
        {
            return values;
        }

        kept = Math.Min(kept, 0.9999);
        var smooth = new double[values.Length];
        var (sum, weight) = (0.0, 0.0);
        for (var index = 0; index < smooth.Length; index++)
        {
            var value = values.Span[index];
            if (!double.IsFinite(value))
            {
                smooth[index] = value;
                continue;
            }

            sum = (kept * sum) + ((1 - kept) * value);
            weight = (kept * weight) + (1 - kept);
            smooth[index] = sum / weight;
        }

        return smooth;
    }
}
