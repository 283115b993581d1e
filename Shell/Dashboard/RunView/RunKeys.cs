using System.Collections.Immutable;
using SynthSae.Dashboard.Actions;
using SynthSae.Store;

namespace SynthSae.Dashboard.RunView;

/// <summary>The keys of the screen of a run.</summary>
internal static class RunKeys
{
    private const string NoCharts = "that is for charts: Tab";
    private const string NoRun = "there is no run";

    /// <summary>As the screen is now.</summary>
    public static IReadOnlyList<Binding> Of(RunScreen screen, Context context)
    {
        var run = RunScreen.Shown(context);
        return
        [
            .. Tabs(screen),
            .. Moves(screen, run, context),
            .. Charts(screen, run, context),
            new("J >", "the next run", () => Other(screen, run, context, 1)),
            new("K <", "the run before", () => Other(screen, run, context, -1)),
            new("c", "compare with what is marked", () => Compare(screen, run, context))
            {
                Unless = run is null ? NoRun : null,
            },
            .. ActionKeys.Of(screen, run is null ? [] : [run], context),
        ];
    }

    private static IEnumerable<Binding> Tabs(RunScreen screen)
    {
        var count = Enum.GetValues<RunTab>().Length;
        RunScreen Turn(int by) => screen with
        {
            Tab = (RunTab)(((int)screen.Tab + by + count) % count),
            Pane = new(0, false),
        };
        return
        [
            new("Tab", "charts, scores, specification, log", () => Turn(1)) { Footer = "tab" },
            new("Shift-Tab", "the same backwards", () => Turn(-1)),
        ];
    }

    private static IEnumerable<Binding> Moves(RunScreen screen, RunSummary? run, Context context)
    {
        Step Move(int by, bool page = false) =>
            run is null ? screen
            : screen.Tab == RunTab.Charts ? screen.Focus(by, RunScreen.Curves(run, context))
            : Scroll(
                screen, run, context, page ? by * RunDrawing.Visible(screen, run, context) : by);
        const int Far = 1 << 20;
        return
        [
            new("j Down Right l", "scroll down; the next chart", () => Move(1)),
            new("k Up Left h", "scroll up; the chart before", () => Move(-1)),
            new("PgDn Ctrl-f Space", "a page down", () => Move(1, page: true)),
            new("PgUp Ctrl-b", "a page up", () => Move(-1, page: true)),
            new("g Home", "to the top; the first chart", () => Move(-Far)),
            new("G End", "to the end, and follow it; the last chart", () => Move(Far)),
        ];
    }

    private static IEnumerable<Binding> Charts(RunScreen screen, RunSummary? run, Context context)
    {
        var curves = run is null ? new RunCurves() : RunScreen.Curves(run, context);
        var unless = screen.Tab != RunTab.Charts ? NoCharts : null;
        var look = screen.Look;
        Binding Key(string names, string help, Func<Step> act, string? footer = null) =>
            new(names, help, act) { Unless = unless, Footer = footer };
        return
        [
            Key("v", "choose the metrics", () => MetricLayer.Show(screen, curves), "metrics"),
            Key("Enter", "this chart alone, or all", () => screen with { Single = !screen.Single }),
            Key("]", "another metric in this chart", () => screen.Turn(1, curves)),
            Key("[", "the metric before in this chart", () => screen.Turn(-1, curves)),
            .. ChartLookKeys.Of(screen.Look, next => screen with { Look = next }, unless),
            Key(
                "M",
                "mark evaluations (E), checkpoints (C), resampling (R), resumption (B)",
                () => screen with { Look = look with { Markers = !look.Markers } }),
        ];
    }

    private static Step Scroll(RunScreen screen, RunSummary run, Context context, int by)
    {
        var area = RunDrawing.Area(screen, run, context);
        var curves = RunScreen.Curves(run, context);
        var lines = RunDrawing.Lines(screen, run, curves, context, area.Width).Count;
        return screen.Tab == RunTab.Log
            ? screen with
            {
                LogPane = screen.LogPane.Scroll(by, lines, area.Height, followsAtEnd: true),
            }
            : screen with
            {
                Pane = screen.Pane.Scroll(by, lines, area.Height, followsAtEnd: false),
            };
    }

    private static Step Other(RunScreen screen, RunSummary? run, Context context, int by)
    {
        var ids = context.Data.Runs.Select(one => one.Id).ToImmutableArray();
        var at = run is null ? -1 : ids.IndexOf(run.Id);
        return at < 0
            ? screen
            : screen.With(
                new Effect.Choose(ids[Math.Clamp(at + by, 0, ids.Length - 1)]),
                new Effect.Post(new Msg.Shown()));
    }

    private static Step Compare(RunScreen screen, RunSummary? run, Context context) =>
        run is null
            ? screen
            : screen.With(
                new Effect.Mark([.. context.Marked.Where(id => id != run.Id).Prepend(run.Id)]),
                new Effect.Go(ScreenId.Compare));
}
