using SynthSae.Dashboard.RunList;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Store;
using SynthSae.Terminal;
using SynthSae.Terminal.Tables;

namespace SynthSae.Reports;

/// <summary>
/// Runs in a table, with their whole ids and as many columns as there is room for.
/// </summary>
internal static class RunListReport
{
    /// <summary>
    /// Write it; <paramref name="all"/> is how many there would be without a limit.
    /// </summary>
    public static void Write(
        IReadOnlyList<RunSummary> runs, int all, DateTime now, Host host)
    {
        var columns = Columns();
        var cells = runs
            .Select(run => columns.Select(column => column.Text(run, now)).ToArray())
            .ToList();
        var natural = columns.Select((column, i) => cells
            .Select(row => Measure.Width(row[i]))
            .Append(Measure.Width(column.Column.Heading))
            .Max());
        // A column that would have to be cut is left out.
        var fit = ColumnFit.Of(
            [.. columns.Select(column => column.Column with { MinWidth = column.Column.MaxWidth })],
            [.. natural],
            host.Width);
        var table = new TextTable([.. fit.Select(place => Heading(columns[place.Index].Column))]);
        foreach (var row in cells)
        {
            table.Add([.. fit.Select(place => Measure.Truncate(row[place.Index], place.Width))]);
        }

        table.Write(host.Out);
        if (all > runs.Count)
        {
            host.Error.WriteLine($"{Counts.Exact(all - runs.Count)} more");
        }
    }

    private static TextTable.Column Heading(TableColumn column) =>
        new(column.Heading.Trim(), column.Align == Align.Right);

    // As the dashboard has them, but for what names a run to other commands, and for bars.
    private static List<(TableColumn Column, Func<RunSummary, DateTime, string> Text)> Columns() =>
    [
        .. RunFields.All.Select(field => field.Name switch
        {
            RunFields.Name => (new TableColumn("run", Align.Left, 0, 200), (run, _) => run.Id),
            RunFields.Progress => (field.Column, Percent),
            _ => (field.Column, Text(field)),
        }),
    ];

    private static Func<RunSummary, DateTime, string> Text(RunField field) =>
        (run, now) => field.Cell(run, now).Text;

    private static string Percent(RunSummary run, DateTime now) =>
        Advance.Percent(Store.Filtering.RunProgress.Share(run.Snapshot));
}
