using SynthSae.Formatting;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Sweeps;
using SynthSae.Terminal;
using SynthSae.Terminal.Charts;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.SweepView;

/// <summary>Draws the screen of a sweep.</summary>
internal static class SweepDrawing
{
    private const int LeastRows = 16;
    private const int Wide = 120;
    private const int Low = 24;
    private const int LeastCell = 10;
    private const int MostCell = 20;

    private static readonly string[] Others =
    [
        MetricNames.F1, MetricNames.Mcc, MetricNames.R2, MetricNames.SaeL0, MetricNames.Dead,
    ];

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, SweepScreen screen, Context context)
    {
        if (screen.Table is not { } table)
        {
            DrawNothing(frame, area, screen, context);
            return;
        }

        var (head, rest) = area.CutTop(1);
        frame.PutLine(head, 0, Title(screen, table), Style.Muted);
        var parts = screen.Parts == SweepParts.Both && rest.Height < LeastRows && rest.Width < Wide
            ? SweepParts.Chart
            : screen.Parts;
        if (parts == SweepParts.Table)
        {
            DrawTable(frame, rest, screen, table);
        }
        else if (parts == SweepParts.Chart)
        {
            DrawChart(frame, rest, screen, table, context);
        }
        else if (rest.Height < Low && rest.Width >= Wide)
        {
            var (chart, side) = rest.CutLeft(rest.Width / 2);
            DrawChart(frame, chart, screen, table, context);
            DrawTable(frame, side.CutLeft(2).Others, screen, table);
        }
        else
        {
            var (chart, below) =
                rest.CutTop(rest.Height - Math.Min(table.Rows.Count + 1, rest.Height / 2));
            DrawChart(frame, chart, screen, table, context);
            DrawTable(frame, below, screen, table);
        }
    }

    private static void DrawNothing(Frame frame, Rect area, SweepScreen screen, Context context)
    {
        if (screen.Problem is { } problem)
        {
            frame.PutLine(area, 0, problem, Style.Bad);
        }
        else if (SweepScreen.All(context).Count > 0)
        {
            frame.PutLine(area, 0, "reading the sweep", Style.Muted);
        }
        else
        {
            frame.PutLine(area, 0, "no run belongs to a sweep; to begin one:", Style.Muted);
            frame.PutLine(area, 1, "synthsae sweep l0-small --executor background", Style.Muted);
        }
    }

    private static string Title(SweepScreen screen, SweepTable table)
    {
        var all = table.All.ToList();
        var failed = all.Count(trial => trial.IsFailed);
        var words = failed > 0 ? $", {failed} failed" : "";
        var several = table.Rows.Any(row => row.Trials.Count > 1);
        return $"{table.Record.Name}: {all.Count(trial => trial.IsFinished)} of {all.Count} SAEs "
            + $"finished{words} · as {screen.Form.Word}"
            + (several ? " · bars: standard deviation over seeds" : "");
    }

    private static void DrawChart(
        Frame frame, Rect area, SweepScreen screen, SweepTable table, Context context)
    {
        if (screen.Axis is not { } axis)
        {
            frame.PutLine(area, 0, "nothing is scored yet, and no axis has numbers", Style.Muted);
            return;
        }

        var lines = SweepLine.Of(table, axis, screen.Form, screen.ShownMetric);
        var options = new ChartOptions
        {
            Title = Name(screen.ShownMetric),
            XLabel = axis.Title,
            LogX = screen.Log,
            Empty = "nothing was scored yet",
        };
        Chart.Draw(frame, area, [.. lines.Select(Series)], options, context.Caps);
    }

    private static ChartSeries Series(SweepLine line, int index) =>
        new(
            line.Name,
            line.Points.Select(point => point.X).ToArray(),
            line.Points.Select(point => point.Y.Mean).ToArray(),
            Colours.Series(index))
        {
            Error = line.Points.Select(point => point.Y.Deviation).ToArray(),
            Mark = index < 9 ? (char)('1' + index) : (char)('a' + ((index - 9) % 26)),
        };

    private static void DrawTable(Frame frame, Rect area, SweepScreen screen, SweepTable table)
    {
        var metrics = new[] { screen.ShownMetric }.Union(Others)
            .Where(screen.Metrics.Contains)
            .ToList();
        TableColumn[] columns =
        [
            .. SweepReport.Headings(table.Record.Columns)
                .Select(name => new TableColumn(name, Align.Left, 0, LeastCell, MostCell)),
            .. metrics.Select((metric, index) =>
                new TableColumn(Name(metric), Align.Right, index, LeastCell, MostCell)),
            new("runs", Align.Left, 1, LeastCell),
        ];
        Table.Draw(
            frame,
            area,
            columns,
            table.Rows.Count,
            at => Cells(table.Rows[at], screen.Form, metrics),
            new TableOptions
            {
                Selected = Math.Min(screen.Row, table.Rows.Count - 1),
                Focused = true,
            });
    }

    private static IReadOnlyList<TableCell> Cells(
        SweepTable.Row row, ScoredForm form, IReadOnlyList<string> metrics) =>
    [
        .. row.Point.Select(value => new TableCell(value)),
        .. metrics.Select(metric => new TableCell(Cell(row, form, metric))),
        new TableCell(row.Words, row.Failed > 0 ? Style.Bad : Style.Muted),
    ];

    private static string Cell(SweepTable.Row row, ScoredForm form, string metric)
    {
        var value = SweepLine.Value(row, form, metric);
        return metric == SweepScreen.Speed && value.Count > 0
            ? Counts.Short(value.Mean)
            : value.Words;
    }

    private static string Name(string metric) =>
        metric switch
        {
            SweepScreen.Speed => "samples/s",
            MetricNames.SaeL0 => "L0",
            MetricNames.Dead => "dead",
            _ => MetricNames.Title(metric),
        };
}
