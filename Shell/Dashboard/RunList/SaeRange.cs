using System.Globalization;
using SynthSae.Store;

namespace SynthSae.Dashboard.RunList;

/// <summary>One figure of all SAEs of a run: the same, or from the least to the most.</summary>
/// <param name="Least">NaN where nothing is known.</param>
/// <param name="Most">The largest.</param>
internal readonly record struct SaeRange(double Least, double Most)
{
    /// <summary>Between them.</summary>
    public double Middle => (Least + Most) / 2;

    /// <summary>A figure of those SAEs of which it is known.</summary>
    public static SaeRange Of(RunSnapshot run, Func<SaeFigures, double> figure)
    {
        var known = run.Saes.Select(figure).Where(double.IsFinite).ToList();
        return known.Count == 0
            ? new SaeRange(double.NaN, double.NaN)
            : new SaeRange(known.Min(), known.Max());
    }

    /// <summary>"0.7134", or "0.71…0.74" in no more cells; "–" for nothing.</summary>
    public string Text(int width, Func<double, int, string> number)
    {
        if (double.IsNaN(Least))
        {
            return "–";
        }

        var one = number(Least, width);
        if (one == number(Most, width))
        {
            return one;
        }

        var half = (width - 1) / 2;
        return $"{number(Least, half)}…{number(Most, half)}";
    }

    /// <summary>A number in a few cells, with up to four decimals.</summary>
    public static string Compact(double value, int width)
    {
        if (!double.IsFinite(value))
        {
            return "–";
        }

        for (var decimals = Math.Abs(value) >= 10 ? 2 : 4; decimals > 0; decimals--)
        {
            var text = value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
            if (text.Length <= width)
            {
                return text;
            }
        }

        var whole = value.ToString("F0", CultureInfo.InvariantCulture);
        return whole.Length <= width
            ? whole
            : value.ToString("0e0", CultureInfo.InvariantCulture);
    }

    /// <summary>A number with no more digits than it needs: 25, 12.5, 16,384.</summary>
    public static string Plain(double value, int width) =>
        value.ToString("#,0.##", CultureInfo.InvariantCulture);
}
