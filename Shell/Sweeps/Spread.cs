using System.Text.Json.Nodes;
using SynthSae.Formatting;

namespace SynthSae.Sweeps;

/// <summary>A figure of one point over its seeds.</summary>
/// <param name="Mean">NaN if nothing is known.</param>
/// <param name="Deviation">Standard deviation of one run (n − 1 in its denominator); NaN of fewer
///   than two.</param>
/// <param name="Count">How many runs have it.</param>
internal readonly record struct Spread(double Mean, double Deviation, int Count)
{
    /// <summary>Of some values; those that are not known do not count.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] known = [.. values.Where(double.IsFinite)];
        if (known.Length == 0)
        {
            return new Spread(double.NaN, double.NaN, 0);
        }

        var mean = known.Average();
        var squares = known.Sum(value => (value - mean) * (value - mean));
        return new Spread(
            mean,
            known.Length > 1 ? Math.Sqrt(squares / (known.Length - 1)) : double.NaN,
            known.Length);
    }

    // What sums of equal numbers differ by.
    private const double Rounding = 1e-12;

    /// <summary>E.g. 0.912(4), the deviation in brackets; a dash if nothing is known.</summary>
    public string Words => double.IsNaN(Mean)
        ? "–"
        : Numbers.Concise(Mean, Deviation > Rounding * Math.Abs(Mean) ? Deviation : 0);

    /// <summary>{mean, standard_deviation, n}.</summary>
    public JsonObject ToJson() => new()
    {
        ["mean"] = Json.Number(Mean),
        ["standard_deviation"] = Json.Number(Deviation),
        ["n"] = Count,
    };
}
