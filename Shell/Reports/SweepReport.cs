using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Sweeps;

namespace SynthSae.Reports;

/// <summary>The table of a sweep on a terminal.</summary>
internal static class SweepReport
{
    private static readonly (string Metric, string Heading)[] Shown =
    [
        (MetricNames.F1, "F1"),
        (MetricNames.Mcc, "MCC"),
        (MetricNames.Uniqueness, "uniqueness"),
        (MetricNames.R2, "R²"),
        (MetricNames.SaeL0, "L0"),
        (MetricNames.Dead, "dead"),
    ];

    // Of the runs that get a line of their own; more would push the table off the screen.
    private const int MostNotes = 20;

    /// <summary>Write it to standard output.</summary>
    public static void Write(SweepFolder folder, SweepTable table, Host host)
    {
        host.Out.WriteLine(Title(table));
        host.Out.WriteLine();
        var shown = Shown.Where(one => table.Metrics.Contains(one.Metric)).ToList();
        var text = new TextTable(
        [
            .. Headings(table.Record.Columns).Select(name => new TextTable.Column(name)),
            .. shown.Select(one => new TextTable.Column(one.Heading)),
            new("samples/s", Right: true),
            new("runs"),
        ]);
        foreach (var row in table.Rows)
        {
            text.Add(
            [
                .. row.Point,
                .. shown.Select(one => row[ScoredForm.Saved, one.Metric].Words),
                SweepTableText.SamplesPerSecond(row),
                row.Words,
            ]);
        }

        text.Write(host.Out, host.Width);
        host.Out.WriteLine();
        WriteNotes(folder, table, host);
    }

    /// <summary>Last parts of paths, where they tell the columns apart.</summary>
    public static IReadOnlyList<string> Headings(IReadOnlyList<string> columns)
    {
        var parts = columns.Select(name => name.Split('.')[^1]).ToList();
        return [.. columns.Select((name, index) =>
            parts.Count(part => part == parts[index]) == 1 ? parts[index] : name)];
    }

    private static string Title(SweepTable table)
    {
        var trials = table.All.Count();
        var finished = table.All.Count(trial => trial.IsFinished);
        return $"{table.Record.Name}: {Counts.Exact(finished)} of {Counts.Exact(trials)} SAEs "
            + $"finished, in {Counts.Exact(table.Record.Runs.Count)} runs";
    }

    private static void WriteNotes(SweepFolder folder, SweepTable table, Host host)
    {
        var notable = table.All
            .Where(trial => trial.IsFailed || (!trial.IsFinished && trial.Message is not null))
            .DistinctBy(trial => trial.Entry.Run)
            .ToList();
        foreach (var trial in notable.Take(MostNotes))
        {
            host.Out.WriteLine($"{trial.Word}: {trial.Entry.Run}: {trial.Message}");
        }

        if (notable.Count > MostNotes)
        {
            host.Out.WriteLine($"… and {Counts.Exact(notable.Count - MostNotes)} more: --json");
        }

        if (table.Problem is { } problem)
        {
            host.Out.WriteLine($"how runs stand is not sure: {problem}");
        }

        var text = $"As saved, on samples that no SAE was trained on. {SweepTableText.Explanation} "
            + "All metrics, also as trained, are in "
            + $"{ShownPath.Of(folder.CsvFile)}, and as .json and .md beside it.";
        foreach (var line in Wrap.Lines(text, Math.Min(host.Width, 100)))
        {
            host.Out.WriteLine(line);
        }
    }
}
