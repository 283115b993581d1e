namespace SynthSae.Dashboard.RunView;

/// <summary>What is looked for in the curves of runs.</summary>
internal static class CurveReading
{
    /// <summary>The last value that is a number; NaN if there is none.</summary>
    public static double Last(this Curve curve)
    {
        var values = curve.Values.Span;
        for (var at = values.Length - 1; at >= 0; at--)
        {
            if (double.IsFinite(values[at]))
            {
                return values[at];
            }
        }

        return double.NaN;
    }

    /// <summary>A metric of all SAEs that have it.</summary>
    public static IEnumerable<Curve> Of(this RunCurves run, string metric) =>
        run.Curves.Where(curve => curve.Name == metric);

    /// <summary>Names of the metrics that have values, in the order in which people look.</summary>
    public static IReadOnlyList<string> Metrics(this RunCurves run) =>
    [
        .. run.Curves.Where(curve => double.IsFinite(curve.Last()))
            .Select(curve => curve.Name)
            .Distinct()
            .OrderBy(MetricTitles.Rank),
    ];
}
