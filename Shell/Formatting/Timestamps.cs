using System.Globalization;

namespace SynthSae.Formatting;

/// <summary>Moments as files have them (UTC).</summary>
internal static class Timestamps
{
    /// <summary>"2026-11-21T08:37:09Z".</summary>
    public static string Seconds(DateTime utc) => Text(utc, "yyyy-MM-ddTHH:mm:ssZ");

    /// <summary>"2026-11-21T08:37:09.254Z".</summary>
    public static string Milliseconds(DateTime utc) => Text(utc, "yyyy-MM-ddTHH:mm:ss.fffZ");

    private static string Text(DateTime utc, string format) =>
        utc.ToString(format, CultureInfo.InvariantCulture);
}
