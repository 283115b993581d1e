using SynthSae.Reports;
using SynthSae.Sweeps;

namespace SynthSae.Dashboard.SweepView;

/// <summary>The points of a sweep that differ in what the horizontal axis counts alone.</summary>
/// <param name="Name">What tells them from the others; empty if there are no others.</param>
/// <param name="Points">By their places on the axis.</param>
internal sealed record SweepLine(string Name, IReadOnlyList<SweepLine.Point> Points)
{
    /// <summary>A point of the sweep.</summary>
    internal readonly record struct Point(double X, Spread Y);

    /// <summary>The lines of a chart, in the order in which they first occur.</summary>
    public static IReadOnlyList<SweepLine> Of(
        SweepTable table, SweepAxis axis, ScoredForm form, string metric)
    {
        var along = axis.Column ?? SweepAxis.All(table)[0].Column;
        var names = Names(table, along);
        return
        [
            .. table.Rows.GroupBy(row => NameOf(row, names)).Select(line => new SweepLine(
                line.Key,
                [.. line.Select(row => new Point(axis.Of(row, form), Value(row, form, metric)))
                    .OrderBy(point => point.X)])),
        ];
    }

    /// <summary>A metric, or the speed.</summary>
    public static Spread Value(SweepTable.Row row, ScoredForm form, string metric) =>
        metric == SweepScreen.Speed ? row.SamplesPerSecond : row[form, metric];

    // Columns that do not follow from the place on the axis.
    private static IReadOnlyList<(int Column, string Prefix)> Names(SweepTable table, int? along)
    {
        var headings = SweepReport.Headings(table.Record.Columns);
        var apart = Enumerable.Range(0, headings.Count)
            .Where(column => column != along && !Follows(table, along, column))
            .ToList();
        // Names speak for themselves, numbers do not.
        return [.. apart.Select(column =>
            (column, char.IsLetter(table.Rows[0].Point[column].FirstOrDefault('0'))
                ? "" : headings[column] + "="))];
    }

    private static bool Follows(SweepTable table, int? along, int column) =>
        along is { } axis
        && table.Rows.GroupBy(row => row.Point[axis])
            .All(rows => rows.Select(row => row.Point[column]).Distinct().Count() == 1);

    private static string NameOf(
        SweepTable.Row row, IReadOnlyList<(int Column, string Prefix)> names) =>
        string.Join(' ', names.Select(name => name.Prefix + row.Point[name.Column]));
}
