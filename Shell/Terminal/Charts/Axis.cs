namespace SynthSae.Terminal.Charts;

/// <summary>What one direction of a chart shows.</summary>
/// <param name="From">The least value.</param>
/// <param name="To">The greatest, above <paramref name="From"/>.</param>
/// <param name="Log">Logarithmic; both are positive.</param>
internal readonly record struct Axis(double From, double To, bool Log)
{
    // Nearer to each other than this share of themselves, values are one value.
    private const double Resolution = 1e-9;

    /// <summary>Where a value stands: 0 at the beginning, 1 at the end; NaN for none.</summary>
    public double Position(double value) =>
        Log ? (value > 0 ? Math.Log(value / From) / Math.Log(To / From) : double.NaN)
        : (value - From) / (To - From);

    /// <summary>
    /// An axis that shows all finite values, or just the range, where its ends are numbers. Null
    /// if there is nothing to show.
    /// </summary>
    /// <param name="least">The least value; positive if logarithmic.</param>
    /// <param name="greatest">The greatest.</param>
    /// <param name="range">What was asked for.</param>
    /// <param name="log">Logarithmic.</param>
    /// <param name="margin">Share of the length that is added at both ends.</param>
    public static Axis? Of(
        double least, double greatest, (double From, double To)? range, bool log, double margin)
    {
        var (from, to) = Ends(least, greatest, log, margin);
        from = range is { From: var low } && IsShown(low, log) ? low : from;
        to = range is { To: var high } && IsShown(high, log) ? high : to;
        if (from > to && range is not null)
        {
            to = from; // all that is there lies before what is to be shown
        }

        if (!double.IsFinite(from) || !double.IsFinite(to) || from > to)
        {
            return null;
        }

        return to - from > Resolution * Math.Max(Math.Abs(from), Math.Abs(to))
            ? new Axis(from, to, log)
            : Around((from + to) / 2, log);
    }

    private static bool IsShown(double value, bool log) =>
        double.IsFinite(value) && (!log || value > 0);

    private static (double From, double To) Ends(
        double least, double greatest, bool log, double margin)
    {
        if (!(greatest > least))
        {
            return (least, greatest);
        }

        if (!log)
        {
            var room = (greatest - least) * margin;
            return double.IsFinite(room)
                ? (least - room, greatest + room)
                : (least / 2, greatest / 2);
        }

        var factor = Math.Pow(greatest / least, margin);
        return double.IsFinite(factor) && least / factor > 0
            ? (least / factor, greatest * factor)
            : (least, greatest);
    }

    // One value stands in the middle.
    private static Axis Around(double value, bool log)
    {
        if (log)
        {
            return new Axis(Math.Max(value / 2, double.Epsilon), value * 2, true);
        }

        var room = value == 0 ? 1 : Math.Abs(value) * 0.1;
        return new Axis(value - room, value + room, false);
    }
}
