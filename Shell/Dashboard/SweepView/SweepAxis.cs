using System.Globalization;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Sweeps;

namespace SynthSae.Dashboard.SweepView;

/// <summary>What the horizontal axis of a sweep's chart may count.</summary>
/// <param name="Title">Its name.</param>
/// <param name="Column">The column that it is; null for the L0 that was measured.</param>
internal sealed record SweepAxis(string Title, int? Column)
{
    /// <summary>The columns of numbers that vary, and the L0 that was measured.</summary>
    public static IReadOnlyList<SweepAxis> All(SweepTable table)
    {
        var headings = SweepReport.Headings(table.Record.Columns);
        var columns = Enumerable.Range(0, headings.Count)
            .Where(column => IsNumeric(table, column))
            .Select(column => new SweepAxis(headings[column], column));
        return table.Metrics.Contains(MetricNames.SaeL0)
            ? [.. columns, new SweepAxis("L0, measured", null)]
            : [.. columns];
    }

    /// <summary>Where a point stands; NaN if that is not known.</summary>
    public double Of(SweepTable.Row row, ScoredForm form) =>
        Column is { } column ? Number(row.Point[column]) : row[form, MetricNames.SaeL0].Mean;

    private static bool IsNumeric(SweepTable table, int column)
    {
        var values = table.Rows.Select(row => Number(row.Point[column])).Distinct().ToList();
        return values.Count > 1 && values.TrueForAll(double.IsFinite);
    }

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : double.NaN;
}
