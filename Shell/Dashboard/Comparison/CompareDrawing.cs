using SynthSae.Dashboard.Panes;
using SynthSae.Dashboard.RunView;
using SynthSae.Terminal;
using SynthSae.Terminal.Charts;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.Comparison;

/// <summary>Draws the screen that compares.</summary>
internal static class CompareDrawing
{
    private const int LeastRows = 16;
    private const int NameWidth = 40;
    private const int ValueWidth = 14;

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, CompareScreen screen, Context context)
    {
        var items = CompareScreen.Items(context);
        if (items.Count == 0)
        {
            frame.PutLine(area, 0, "nothing is compared yet:", Style.Muted);
            frame.PutLine(
                area, 1, "mark up to 8 runs with Space on screen 1, then press c", Style.Muted);
            return;
        }

        var rest = Legend(frame, area, items, screen, context);
        var rows = CompareScreen.Rows(context);
        var parts = screen.Parts == CompareParts.Both && rest.Height < LeastRows && area.Width < 100
            ? CompareParts.Table
            : screen.Parts;
        if (parts == CompareParts.Both)
        {
            var (charts, table) = rest.Width >= 120
                ? rest.CutLeft(rest.Width * 3 / 5)
                : rest.CutTop(rest.Height - Math.Min(rows.Count + 1, rest.Height * 3 / 5));
            DrawCharts(frame, charts, screen, items, context);
            DrawTable(
                frame, rest.Width >= 120 ? table.CutLeft(2).Others : table, screen, items, rows);
        }
        else if (parts == CompareParts.Charts)
        {
            DrawCharts(frame, rest, screen, items, context);
        }
        else
        {
            DrawTable(frame, rest, screen, items, rows);
        }
    }

    // Which digit stands for which run; the state of those that are not finished.
    private static Rect Legend(
        Frame frame,
        Rect area,
        IReadOnlyList<CompareItem> items,
        CompareScreen screen,
        Context context)
    {
        var pieces = items.Select((item, index) => (
            $"{Digit(index)} {Measure.Truncate(item.Name, NameWidth)}",
            new Style(Colours.Series(index), Bold: true)));
        var rest = Flow.Draw(frame, area, pieces, Math.Max(1, area.Height / 4));
        var all = CompareScreen.Runs(context).Sum(run => Math.Max(1, run.Snapshot.Saes.Count));
        var words = string.Join(" · ", new[]
        {
            all > items.Count ? $"the first {items.Count} of {all} SAEs" : "",
            screen.Look.Words,
        }.Where(word => word.Length > 0));
        if (words.Length == 0)
        {
            return rest;
        }

        (var line, rest) = rest.CutTop(1);
        frame.PutLine(line, 0, words, Style.Muted);
        return rest;
    }

    private static void DrawCharts(
        Frame frame,
        Rect area,
        CompareScreen screen,
        IReadOnlyList<CompareItem> items,
        Context context)
    {
        var metrics = screen.Charts(context, ChartGrid.Room(area.Size));
        foreach (var (place, metric) in ChartGrid.Places(area, metrics.Count).Zip(metrics))
        {
            var gap = place.Right < area.Right ? place.CutRight(1).Others : place;
            DrawChart(frame, gap, metric, screen.Look, items, context);
        }

        if (metrics.Count == 0)
        {
            frame.PutLine(area, 0, "nothing was measured yet", Style.Muted);
        }
    }

    private static void DrawChart(
        Frame frame,
        Rect area,
        string metric,
        ChartLook look,
        IReadOnlyList<CompareItem> items,
        Context context)
    {
        var curves = items
            .Select(item => RunScreen.Curves(item.Run, context).Find(metric, item.Sae)
                ?? new Curve(metric, item.Sae, default, default, default))
            .ToList();
        // All of them, also those without values: the digit is the place.
        var lines = curves.Select((curve, index) =>
            Charting.Line(curve, $"{Digit(index)}", index, look));
        var options = Charting.Options(metric, look, Charting.Extent(curves, look), focused: false);
        Chart.Draw(frame, area, [.. lines], options with { Legend = false }, context.Caps);
    }

    private static void DrawTable(
        Frame frame,
        Rect area,
        CompareScreen screen,
        IReadOnlyList<CompareItem> items,
        IReadOnlyList<CompareRow> rows)
    {
        TableColumn[] columns =
        [
            new("what differs", Align.Left, 0, 10, 36),
            .. items.Select((_, index) =>
                new TableColumn($"{Digit(index)}", Align.Right, 1 + index, 6, ValueWidth)),
        ];
        Table.Draw(
            frame,
            area,
            columns,
            rows.Count,
            at => Cells(rows[at]),
            new TableOptions { Selected = Math.Min(screen.Row, rows.Count - 1), Focused = true });
    }

    // The best of a row is bold and has a star: neither needs colours.
    private static IReadOnlyList<TableCell> Cells(CompareRow row) =>
    [
        new(row.Name, Style.Muted),
        .. row.Values.Select((value, index) => index == row.Best
            ? new TableCell($"*{value}", Style.Strong)
            : new TableCell(value)),
    ];

    private static char Digit(int index) => (char)('1' + index);
}
