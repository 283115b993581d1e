using System.Globalization;

namespace SynthSae.Dashboard.RunList;

/// <summary>How far a run is, and how long that takes, in a few cells.</summary>
internal static class Advance
{
    // For so long a day and a month tell the year.
    private static readonly TimeSpan Unambiguous = TimeSpan.FromDays(300);

    /// <summary>"47%"; only what is done is 100%.</summary>
    public static string Percent(double share) =>
        $"{Math.Floor(Math.Clamp(share, 0, 1) * 100):0}%";

    /// <summary>A bar of that many cells.</summary>
    public static string Bar(double share, int width)
    {
        var full = (int)Math.Floor(Math.Clamp(share, 0, 1) * width);
        return new string('█', full) + new string('░', Math.Max(0, width - full));
    }

    /// <summary>
    /// Time until the last step, in at most six cells: "45s", "12m05", "3h20", "2d04h".
    /// </summary>
    public static string Left(double seconds) =>
        !(seconds >= 0) || seconds > 1e8 ? "–" : Words(TimeSpan.FromSeconds(seconds));

    /// <summary>How long ago, in at most six cells: "45s", "3h20".</summary>
    public static string Ago(DateTime then, DateTime now) =>
        then == default ? "–" : Words(then < now ? now - then : TimeSpan.Zero);

    /// <summary>A moment as a date and a time of day (UTC).</summary>
    public static string At(DateTime time) =>
        time == default
            ? "–"
            : time.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>
    /// A moment in at most five cells: the time of a day that is not over, or the day, or the year
    /// (UTC, as in ids). It does not change as time goes by, so that a screen can rest.
    /// </summary>
    public static string Day(DateTime time, DateTime now)
    {
        var format = time.Date == now.Date ? "HH:mm"
            : now - time < Unambiguous ? "MM-dd"
            : "yyyy";
        return time == default ? "–" : time.ToString(format, CultureInfo.InvariantCulture);
    }

    private static string Words(TimeSpan span) =>
        span.TotalSeconds switch
        {
            < 60 => $"{(int)span.TotalSeconds}s",
            < 3600 => $"{span.Minutes}m{span.Seconds:00}",
            < 86400 => $"{span.Hours}h{span.Minutes:00}",
            _ => $"{(int)span.TotalDays}d{span.Hours:00}h",
        };
}
