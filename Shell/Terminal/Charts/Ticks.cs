using System.Globalization;

namespace SynthSae.Terminal.Charts;

/// <summary>Round values along an axis, with their labels.</summary>
internal static class Ticks
{
    private static readonly double[][] Factors = [[1, 2, 3, 5], [1, 2, 5], [1, 3], [1]];

    private static readonly (double Scale, string Prefix)[] Prefixes =
        [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];

    /// <summary>About so many round values within an axis; at least one, if any is round.</summary>
    public static IReadOnlyList<(double Value, string Label)> Of(Axis axis, int count)
    {
        var values = axis.Log ? Logarithmic(axis, Math.Max(1, count)) : [];
        if (values.Count < 2)
        {
            values = Linear(axis, Math.Max(1, count));
        }

        var step = values.Count > 1 ? values.Zip(values.Skip(1), (a, b) => b - a).Min() : 0;
        return [.. values.Select(value => (value, Label(value, axis.Log ? value : step)))];
    }

    /// <summary>A value to the digits that a step between neighbours gives meaning to.</summary>
    public static string Label(double value, double step)
    {
        var size = Math.Abs(value);
        if (size == 0)
        {
            return "0";
        }

        if (size < 0.001 || size >= 1e15)
        {
            return value.ToString("0.#e0", CultureInfo.InvariantCulture);
        }

        var (scale, prefix) = size >= 10_000
            ? Array.Find(Prefixes, one => size >= one.Scale)
            : (1, "");
        var places = step > 0 ? Math.Ceiling(-Math.Log10(step / scale) - 1e-9) : 3;
        var format = "0." + new string('#', (int)Math.Clamp(places, 0, 6));
        return (value / scale).ToString(format, CultureInfo.InvariantCulture) + prefix;
    }

    private static List<double> Linear(Axis axis, int count)
    {
        var step = RoundStep((axis.To - axis.From) / count);
        var values = new List<double>();
        if (!(step > 0) || !double.IsFinite(step))
        {
            return values;
        }

        var first = Math.Ceiling((axis.From / step) - 1e-6);
        for (var index = 0;
            index <= 2 * count && (first + index) * step <= axis.To + (step * 1e-6);
            index++)
        {
            var value = (first + index) * step;
            // Sums of steps miss zero by a hair.
            values.Add(Math.Abs(value) < step * 1e-6 ? 0 : value);
        }

        return values;
    }

    // 1, 2 or 5 times a power of ten.
    private static double RoundStep(double least)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        var share = least / power;
        return power * (share <= 1.0001 ? 1 : share <= 2.0001 ? 2 : share <= 5.0001 ? 5 : 10);
    }

    // As many as there is room for: several of each decade, each power of ten, or fewer.
    private static List<double> Logarithmic(Axis axis, int count)
    {
        var most = Math.Max(2, count) + 1;
        foreach (var factors in Factors)
        {
            if (Powers(axis, 1, factors) is var values && values.Count <= most)
            {
                return values;
            }
        }

        var decades = Math.Log10(axis.To) - Math.Log10(axis.From);
        return Powers(axis, Math.Max(1, (int)Math.Ceiling(decades / most)), [1]);
    }

    private static List<double> Powers(Axis axis, int every, double[] factors)
    {
        var first = (int)Math.Floor(Math.Log10(axis.From) / every) * every;
        var last = (int)Math.Ceiling(Math.Log10(axis.To));
        return
        [
            .. Enumerable.Range(0, Math.Max(0, ((last - first) / every) + 1))
                .Select(index => first + (index * every))
                .SelectMany(power => factors.Select(factor => factor * Math.Pow(10, power)))
                .Where(value => value >= axis.From * 0.999999 && value <= axis.To * 1.000001),
        ];
    }
}
