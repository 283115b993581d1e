using SynthSae.Formatting;
using SynthSae.Store;
using SynthSae.Store.Filtering;
using SynthSae.Terminal;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.RunList;

/// <summary>The columns of the table of runs.</summary>
internal static class RunFields
{
    public const string State = "state";
    public const string Name = "run";
    public const string Progress = "progress";
    public const string MadeName = "time";

    private const int BarWidth = 8;

    /// <summary>How the runs stand in the store: the newest first.</summary>
    public static RunField Made { get; } = new(
        MadeName,
        new("made", Align.Right, 6, 5, 6),
        (run, now) => Muted(Advance.Day(run.Snapshot.Created, now)))
    {
        Number = run => run.Snapshot.Created.Ticks,
        DescendingFirst = true,
    };

    /// <summary>All, from the left.</summary>
    public static IReadOnlyList<RunField> All { get; } =
    [
        new(
            State,
            new(" state", Align.Left, 0, 12, 12),
            (run, _) => new(run.Status.Word(), run.Status.Style()))
        {
            Number = run => (int)run.Status,
        },
        new(Name, new("run", Align.Left, 0, 14, 44), (run, _) => ShortName.Of(run))
        {
            Text = ShortName.Of,
        },
        new(
            Progress,
            new("done", Align.Right, 1, 4, BarWidth + 5),
            (run, _) => Done(run, bar: true))
        {
            Number = run => RunProgress.Share(run.Snapshot),
            DescendingFirst = true,
        },
        new("eta", new("left", Align.Right, 2, 4, 6), Left)
        {
            Number = run => run.Status == RunStatus.Running
                ? run.Snapshot.SecondsLeft
                : double.NaN,
        },
        new("speed", new("smp/s", Align.Right, 4, 4, 6), Speed)
        {
            Number = Pace,
            DescendingFirst = true,
        },
        Figure("loss", "loss", 5, 6, sae => sae.Loss),
        Sparsity(),
        Figure("r2", "R²", 3, 5, sae => sae.R2) with { DescendingFirst = true },
        Figure("mcc", "MCC", 1, 5, sae => sae.Mcc) with { DescendingFirst = true },
        Figure("f1", "F1", 1, 5, sae => sae.F1) with { DescendingFirst = true },
        Dead(),
        new("device", new("device", Align.Left, 6, 6, 8), (run, _) =>
            Muted(run.Snapshot.Device ?? ""))
        {
            Text = run => run.Snapshot.Device ?? "",
        },
        new("tags", new("tags", Align.Left, 7, 4, 24), (run, _) =>
            new(string.Join(' ', run.Labels.Tags), Style.Accent))
        {
            Text = run => string.Join(' ', run.Labels.Tags),
        },
        Made,
    ];

    /// <summary>Which of <see cref="All"/> it is.</summary>
    public static int PlaceOf(RunField field) =>
        All.Index().First(item => item.Item.Name == field.Name).Index;

    /// <summary>The column of that name; null if there is none.</summary>
    public static RunField? Find(string name) => All.FirstOrDefault(field => field.Name == name);

    private static TableCell Muted(string text) => new(text, Style.Muted);

    /// <summary>How far it is, with a bar where there is room.</summary>
    public static TableCell Done(RunSummary run, bool bar)
    {
        var share = RunProgress.Share(run.Snapshot);
        var percent = Advance.Percent(share);
        return run.Status != RunStatus.Running ? Muted(percent)
            : bar ? new($"{Advance.Bar(share, BarWidth)} {percent,4}")
            : percent;
    }

    private static TableCell Left(RunSummary run, DateTime now) =>
        run.Status != RunStatus.Running ? Muted("")
        : run.Silence(now) is { } silence
            ? new($"?{Advance.Left(silence.TotalSeconds)}", Style.Warn)
        : run.Snapshot.Phase == "training" ? Advance.Left(run.Snapshot.SecondsLeft)
        : Muted(run.Snapshot.Phase);

    private static double Pace(RunSummary run) =>
        run.Status == RunStatus.Running ? run.Snapshot.SamplesPerSecond : double.NaN;

    private static TableCell Speed(RunSummary run, DateTime now) =>
        Pace(run) is > 0 and var pace ? Counts.Short(pace) : Muted("");

    private static RunField Figure(
        string name, string heading, int priority, int width, Func<SaeFigures, double> figure) =>
        new(
            name,
            new(heading, Align.Right, priority, width, width + 5),
            (run, _) => SaeRange.Of(run.Snapshot, figure)
                .Text(9, (value, room) => SaeRange.Compact(value, Math.Min(room, width))))
        {
            Number = run => SaeRange.Of(run.Snapshot, figure).Middle,
        };

    private static RunField Sparsity() =>
        new("l0", new("L0/goal", Align.Right, 2, 7, 13), (run, _) => L0Text(run.Snapshot))
        {
            Number = run => SaeRange.Of(run.Snapshot, sae => sae.L0).Middle,
        };

    // "24.9/25": what is, and what is wanted where a number is.
    private static string L0Text(RunSnapshot run)
    {
        static string Whole(double value, int width) => SaeRange.Compact(value, Math.Min(width, 4));
        var reached = SaeRange.Of(run, sae => sae.L0);
        var wanted = SaeRange.Of(run, sae => sae.K);
        if (double.IsNaN(wanted.Least))
        {
            return reached.Text(9, Whole);
        }

        var target = wanted.Text(7, SaeRange.Plain);
        return double.IsNaN(reached.Least) ? $"–/{target}" : $"{reached.Text(9, Whole)}/{target}";
    }

    private static RunField Dead() =>
        new("dead", new("dead", Align.Right, 4, 4, 9), (run, _) => DeadText(run.Snapshot))
        {
            Number = run => SaeRange.Of(run.Snapshot, DeadShare).Middle,
        };

    private static double DeadShare(SaeFigures sae) =>
        sae is { Dead: >= 0, Latents: > 0 } ? (double)sae.Dead / sae.Latents : double.NaN;

    private static TableCell DeadText(RunSnapshot run)
    {
        var share = SaeRange.Of(run, DeadShare);
        var text = share.Text(9, (value, _) => Share(value));
        return new(text, share.Most > 0.1 ? Style.Warn : Style.Plain);
    }

    private static string Share(double share) =>
        share is > 0 and < 0.001 ? "<.1%"
        : share < 0.0995 ? FormattableString.Invariant($"{share * 100:0.#}%")
        : FormattableString.Invariant($"{share * 100:0}%");
}
