using System.Globalization;

namespace SynthSae.Formatting;

/// <summary>Spans of time for people.</summary>
internal static class Durations
{
    /// <summary>"850 ms", "12.3 s", "4 min 05 s", "2 h 46 min", "3 d 04 h".</summary>
    public static string Words(TimeSpan span) =>
        span.TotalSeconds switch
        {
            < 1 => Invariant($"{span.TotalMilliseconds:0} ms"),
            < 60 => Invariant($"{span.TotalSeconds:0.0} s"),
            < 3600 => Invariant($"{span.Minutes} min {span.Seconds:00} s"),
            < 86400 => Invariant($"{(int)span.TotalHours} h {span.Minutes:00} min"),
            _ => Invariant($"{(int)span.TotalDays} d {span.Hours:00} h"),
        };

    /// <inheritdoc cref="Words(TimeSpan)"/>
    public static string Words(double seconds) =>
        double.IsFinite(seconds) && seconds < 1e9 ? Words(TimeSpan.FromSeconds(seconds)) : "–";

    private static string Invariant(FormattableString text) =>
        text.ToString(CultureInfo.InvariantCulture);
}
