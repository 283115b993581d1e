using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Sweeps;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.SweepView;

/// <summary>What the screen shows.</summary>
internal enum SweepParts
{
    Both,
    Chart,
    Table,
}

/// <summary>A sweep: a metric over an axis, a line for each of the others, and the table.</summary>
internal sealed record SweepScreen : Screen
{
    /// <summary>The speed, which is no metric but shown like one.</summary>
    public const string Speed = "samples_per_second";

    public override ScreenId Id => ScreenId.Sweep;

    public override string Title => "Sweep";

    /// <summary>The sweep that is shown; null for none.</summary>
    public string? Sweep { get; init; }

    /// <summary>How its runs stood when it was read last.</summary>
    public string? Asked { get; init; }

    /// <summary>What was read; null until it is there.</summary>
    public SweepTable? Table { get; init; }

    /// <summary>Why nothing was read.</summary>
    public string? Problem { get; init; }

    /// <summary>What is shown.</summary>
    public SweepParts Parts { get; init; }

    /// <summary>The metric of the chart.</summary>
    public string Metric { get; init; } = MetricNames.F1;

    /// <summary>The form in which SAEs are scored.</summary>
    public ScoredForm Form { get; init; } = ScoredForm.Saved;

    /// <summary>Which of the axes the chart has, counted round.</summary>
    public int AxisNumber { get; init; }

    /// <summary>The horizontal axis is logarithmic.</summary>
    public bool Log { get; init; }

    /// <summary>The row of the table that keys act on.</summary>
    public int Row { get; init; }

    /// <summary>It has been looked at: what is not is not read either.</summary>
    public bool Entered { get; init; }

    /// <summary>Metrics that can be shown.</summary>
    public IReadOnlyList<string> Metrics => Table is null ? [] : [.. Table.Metrics, Speed];

    /// <summary>The horizontal axis; null if there is none.</summary>
    public SweepAxis? Axis =>
        Table is not null && SweepAxis.All(Table) is { Count: > 0 } all
            ? all[((AxisNumber % all.Count) + all.Count) % all.Count]
            : null;

    /// <summary>The metric that is shown: without true features there is no F1.</summary>
    public string ShownMetric =>
        Metrics.Contains(Metric) ? Metric : Metrics.Count > 0 ? Metrics[0] : Metric;

    /// <summary>The sweeps that runs belong to, the newest first.</summary>
    public static IReadOnlyList<string> All(Context context) =>
        [.. context.Data.Runs.Select(run => run.Sweep).OfType<string>().Distinct()
            .OrderDescending(StringComparer.Ordinal)];

    public override IReadOnlyList<Binding> Keys(Context context) => SweepKeys.Of(this, context);

    public override Step Update(Msg message, Context context) =>
        message switch
        {
            Msg.Shown => (this with { Entered = true })
                .To(context.ChosenRun?.Sweep ?? Sweep ?? Newest(context), context),
            Msg.RunsRead when Entered => To(Sweep ?? Newest(context), context),
            Msg.SweepRead read when read.Sweep == Sweep =>
                this with { Table = read.Table ?? Table, Problem = read.Problem },
            _ => this,
        };

    public override void View(Frame frame, Rect area, Context context) =>
        SweepDrawing.Draw(frame, area, this, context);

    /// <summary>Show a sweep; it is read if it is another, or its runs have gone on.</summary>
    public Step To(string? sweep, Context context, bool always = false)
    {
        if (sweep is null)
        {
            return this;
        }

        var runs = context.Data.Runs.Where(run => run.Sweep == sweep).ToList();
        var state = string.Join(' ', runs.Select(run => $"{run.Id}:{run.Status.Word()}"));
        if ((sweep == Sweep && state == Asked && !always) || runs.Count == 0)
        {
            return this;
        }

        var screen = sweep == Sweep ? this : this with { Sweep = sweep, Table = null, Row = 0 };
        var folder = Path.Combine(Path.GetDirectoryName(runs[0].Folder) ?? "", sweep);
        return (screen with { Asked = state }).With(new Effect.ReadSweep(sweep, folder));
    }

    private static string? Newest(Context context) => All(context).FirstOrDefault();
}
