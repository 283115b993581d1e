using System.Text.Json.Nodes;
using SynthSae.Dashboard.RunList;
using SynthSae.Formatting;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.RunView;

/// <summary>Draws the screen of a run.</summary>
internal static class RunDrawing
{
    private const int RowsForTitle = 10;

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, RunScreen screen, Context context)
    {
        if (RunScreen.Shown(context) is not { } run)
        {
            frame.PutLine(
                area, 0, "no runs yet: press n, or type  synthsae start small", Style.Muted);
            return;
        }

        var curves = RunScreen.Curves(run, context);
        var body = Body(frame, area, screen, run, curves, context);
        switch (screen.Tab)
        {
            case RunTab.Charts:
                DrawCharts(frame, body, screen, curves, context);
                break;
            case RunTab.Log:
                screen.LogPane.Draw(
                    frame,
                    body,
                    Lines(screen, run, curves, context, body.Width),
                    "nothing was logged yet");
                break;
            default:
                screen.Pane.Draw(
                    frame,
                    body,
                    Lines(screen, run, curves, context, body.Width),
                    Empty(screen.Tab));
                break;
        }
    }

    /// <summary>The area of the tab, below name and figures, which are drawn.</summary>
    public static Rect Body(
        Frame frame, Rect area, RunScreen screen, RunSummary run, RunCurves curves, Context context)
    {
        var rest = area;
        if (area.Height >= RowsForTitle)
        {
            (var title, rest) = area.CutTop(1);
            var tags = run.Labels.Tags.Count == 0 ? "" : $"[{string.Join(' ', run.Labels.Tags)}]";
            var column = frame.Put(
                title, 0, 0, Measure.Truncate(run.Id, title.Width), Style.Strong);
            frame.Put(title, column + 2, 0, tags, Style.Accent);
        }

        rest = RunHeader.Draw(frame, rest, run, curves, context.Now);
        (var tabs, rest) = rest.CutTop(1);
        DrawTabs(frame, tabs, screen);
        return rest;
    }

    /// <summary>How many lines of the tab are seen at once.</summary>
    public static int Visible(RunScreen screen, RunSummary run, Context context) =>
        Math.Max(1, Area(screen, run, context).Height);

    /// <summary>The area of the tab, without drawing anything that stays.</summary>
    public static Rect Area(RunScreen screen, RunSummary run, Context context) =>
        Body(
            new Frame(context.Size),
            DashboardLayout.Of(context).Body,
            screen,
            run,
            RunScreen.Curves(run, context),
            context);

    /// <summary>The lines of a tab of text.</summary>
    public static IReadOnlyList<(string Text, Style Style)> Lines(
        RunScreen screen, RunSummary run, RunCurves curves, Context context, int width) =>
        screen.Tab switch
        {
            RunTab.Scores => ScoreRows.Of(screen.Result, width - 2),
            RunTab.Spec => SpecLines(context.Data.Specs.GetValueOrDefault(run.Id)),
            RunTab.Log => [.. curves.Lines.SelectMany(line => LogLines(line, width - 2))],
            _ => [],
        };

    private static string Empty(RunTab tab) =>
        tab == RunTab.Scores
            ? "no scores yet: a run is scored when it has taken all steps"
            : "reading the specification …";

    private static IReadOnlyList<(string Text, Style Style)> SpecLines(JsonObject? spec) =>
        spec is null
            ? []
            : [.. Json.Pretty(spec).TrimEnd().Split('\n').Select(line => (line, Style.Plain))];

    private static IEnumerable<(string Text, Style Style)> LogLines(RunLine line, int width)
    {
        var style = line.Event switch
        {
            "failed" => Style.Bad,
            "note" => Style.Plain,
            "phase" or "finished" => Style.Strong,
            _ => Style.Plain,
        };
        var time = $"{line.Time:HH:mm:ss}  ";
        foreach (var part in Wrap.Lines(line.Text, Math.Max(20, width - time.Length)))
        {
            yield return (time + part, style);
            time = new string(' ', time.Length);
        }
    }

    private static void DrawTabs(Frame frame, Rect area, RunScreen screen)
    {
        var column = 0;
        foreach (var tab in Enum.GetValues<RunTab>())
        {
            var active = tab == screen.Tab;
            column = frame.Put(
                area,
                column,
                0,
                active ? $"[{tab}]" : $" {tab} ",
                active ? Style.Accent : Style.Muted);
        }

        if (screen.Tab == RunTab.Charts && screen.Look.Words is { Length: > 0 } words)
        {
            frame.Put(
                area,
                column + 2,
                0,
                Measure.Truncate(words, area.Width - column - 2),
                Style.Muted);
        }
    }

    private static void DrawCharts(
        Frame frame, Rect area, RunScreen screen, RunCurves curves, Context context)
    {
        var charts = screen.Charts(curves, ChartGrid.Room(area.Size));
        if (charts.Count == 0)
        {
            frame.PutLine(area, 0, " nothing was measured yet", Style.Muted);
            return;
        }

        var focused = screen.Focused(curves);
        foreach (var (place, metric) in ChartGrid.Places(area, charts.Count).Zip(charts))
        {
            var gap = place.Right < area.Right ? place.CutRight(1).Others : place;
            Charting.Draw(
                frame, gap, curves, metric, screen.Look,
                focused: metric == focused && charts.Count > 1, context.Caps);
        }
    }
}
