using System.Collections.Immutable;
using System.Text.Json.Nodes;
using SynthSae.Dashboard.Actions;
using SynthSae.Dashboard.Panes;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.RunView;

/// <summary>One run: figures, charts, scores, specification, log.</summary>
internal sealed record RunScreen : Screen
{
    private static readonly TextPane Top = new(0, false);

    public override ScreenId Id => ScreenId.Run;

    public override string Title => "Run";

    /// <summary>What is shown below the figures.</summary>
    public RunTab Tab { get; init; }

    /// <summary>
    /// Metrics that were chosen, in their order; empty: the first of those that there are.
    /// </summary>
    public ImmutableList<string> Metrics { get; init; } = [];

    /// <summary>The chart that keys act on.</summary>
    public int Focus { get; init; }

    /// <summary>Only that chart is shown.</summary>
    public bool Single { get; init; }

    /// <summary>How charts are drawn.</summary>
    public ChartLook Look { get; init; } = new();

    /// <summary>Which lines of scores and specification are seen.</summary>
    public TextPane Pane { get; init; } = Top;

    /// <summary>Which lines of the log are seen.</summary>
    public TextPane LogPane { get; init; } = new(0, true);

    /// <summary>What came out of the run of <see cref="ResultOf"/>; null if nothing did.</summary>
    public JsonObject? Result { get; init; }

    /// <summary>The run whose result was read, and how it stood then.</summary>
    public (string Run, RunStatus Status)? ResultOf { get; init; }

    public override IEnumerable<string> Follows(Context context) =>
        Shown(context) is { } run ? [run.Id] : [];

    public override IReadOnlyList<Binding> Keys(Context context) => RunKeys.Of(this, context);

    /// <summary>The run that is shown: the one that was chosen, else the newest.</summary>
    public static RunSummary? Shown(Context context) =>
        context.ChosenRun ?? context.Data.Runs.MaxBy(run => (run.Snapshot.Created, run.Id));

    /// <summary>What its log told so far.</summary>
    public static RunCurves Curves(RunSummary run, Context context) =>
        context.Data.Histories.GetValueOrDefault(run.Id) ?? new RunCurves();

    /// <summary>The metrics of the charts that there is room for.</summary>
    public IReadOnlyList<string> Charts(RunCurves curves, int room)
    {
        var chosen = this.Chosen(curves);
        var focus = chosen.Count == 0 ? 0 : Math.Clamp(Focus, 0, chosen.Count - 1);
        if (Single)
        {
            return [.. chosen.Skip(focus).Take(1)];
        }

        // A window about the chart in focus.
        var first = Math.Clamp(focus - room + 1, 0, Math.Max(0, chosen.Count - room));
        return [.. chosen.Skip(first).Take(room)];
    }

    public override Step Update(Msg message, Context context) =>
        message switch
        {
            Msg.RunsRead or Msg.Shown or Msg.Tick => Asking(context),
            Msg.ResultRead { Run: var run, Result: var result } when run == ResultOf?.Run =>
                this with { Result = result },
            Msg.MetricsChosen { Purpose: MetricLayer.RunPurpose, Metrics: var metrics } =>
                this with { Metrics = metrics, Focus = 0 },
            Msg.Entered entered when Shown(context) is { } run
                && ActionKeys.Entered(entered, [run]) is { } effect => With(effect),
            _ => this,
        };

    public override void View(Frame frame, Rect area, Context context) =>
        RunDrawing.Draw(frame, area, this, context);

    /// <summary>Another run, or another part of it, seen from its beginning.</summary>
    public RunScreen FromTop() => this with { Pane = Top, LogPane = new TextPane(0, true) };

    // A result is read once for each status: what resumed has another one later.
    private Step Asking(Context context)
    {
        if (Shown(context) is not { } run || ResultOf == (run.Id, run.Status))
        {
            return this;
        }

        var screen = ResultOf?.Run == run.Id ? this : FromTop() with { Result = null, Focus = 0 };
        screen = screen with { ResultOf = (run.Id, run.Status) };
        return run.Status is RunStatus.Queued or RunStatus.Running
            ? screen
            : screen.With(new Effect.ReadResult(run.Id));
    }
}
