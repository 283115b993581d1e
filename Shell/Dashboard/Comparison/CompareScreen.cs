using SynthSae.Dashboard.RunView;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.Comparison;

/// <summary>What the screen shows.</summary>
internal enum CompareParts
{
    Both,
    Charts,
    Table,
}

/// <summary>Marked runs beside each other: curves above each other, and what differs.</summary>
internal sealed record CompareScreen : Screen
{
    public override ScreenId Id => ScreenId.Compare;

    public override string Title => "Compare";

    /// <summary>What is shown.</summary>
    public CompareParts Parts { get; init; }

    /// <summary>The metric of the first chart; null: the first that there is.</summary>
    public string? Metric { get; init; }

    /// <summary>How charts are drawn.</summary>
    public ChartLook Look { get; init; } = new();

    /// <summary>The row of the table that keys act on.</summary>
    public int Row { get; init; }

    public override IEnumerable<string> Follows(Context context) => context.Marked;

    public override IReadOnlyList<Binding> Keys(Context context) => CompareKeys.Of(this, context);

    /// <summary>The runs that are compared.</summary>
    public static IReadOnlyList<RunSummary> Runs(Context context) =>
        [.. context.Marked.Select(context.Data.Find).OfType<RunSummary>()];

    /// <summary>Their SAEs.</summary>
    public static IReadOnlyList<CompareItem> Items(Context context) =>
        CompareItem.Of(Runs(context));

    /// <summary>All metrics that one of them has, in the order in which people look.</summary>
    public static IReadOnlyList<string> Metrics(Context context) =>
    [
        .. Runs(context)
            .SelectMany(run => RunScreen.Curves(run, context).Metrics())
            .Distinct()
            .OrderBy(MetricTitles.Rank),
    ];

    /// <summary>The rows of the table.</summary>
    public static IReadOnlyList<CompareRow> Rows(Context context) =>
        CompareTable.Of(Items(context), run => context.Data.Specs.GetValueOrDefault(run));

    /// <summary>Metrics from the one that was chosen on, for as many charts as have room.</summary>
    public IReadOnlyList<string> Charts(Context context, int room)
    {
        var all = Metrics(context);
        var at = Metric is null ? 0 : Math.Max(0, all.ToList().IndexOf(Metric));
        return [.. all.Skip(at).Concat(all.Take(at)).Take(room)];
    }

    /// <summary>Begin with another metric.</summary>
    public CompareScreen Turn(int by, Context context)
    {
        var all = Metrics(context);
        if (all.Count == 0)
        {
            return this;
        }

        var at = Metric is null ? 0 : Math.Max(0, all.ToList().IndexOf(Metric));
        return this with { Metric = all[(((at + by) % all.Count) + all.Count) % all.Count] };
    }

    public override void View(Frame frame, Rect area, Context context) =>
        CompareDrawing.Draw(frame, area, this, context);
}
