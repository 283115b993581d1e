using System.Globalization;

namespace SynthSae.Slurm;

/// <summary>Spans of time as Slurm's options take them.</summary>
internal static class SlurmTime
{
    /// <summary>
    /// Seconds of minutes, M:S, H:M:S, D-H, D-H:M or D-H:M:S; null for anything else, as a time
    /// without a limit.
    /// </summary>
    public static long? Seconds(string text)
    {
        var parts = text.Split('-');
        if (parts.Length > 2 || (parts.Length == 2 && Number(parts[0]) is null))
        {
            return null;
        }

        var fields = parts[^1].Split(':').Select(Number).ToList();
        if (fields.Count > 3 || fields.Contains(null))
        {
            return null;
        }

        long[] units = parts.Length == 2 ? [3600, 60, 1]
            : fields.Count == 3 ? [3600, 60, 1]
            : [60, 1];
        var seconds = fields.Zip(units, (count, unit) => count!.Value * unit).Sum();
        return seconds + (parts.Length == 2 ? 86400 * Number(parts[0])!.Value : 0);
    }

    private static long? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
