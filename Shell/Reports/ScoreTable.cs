using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>Metrics of an SAE with their standard errors and what they mean.</summary>
internal static class ScoreTable
{
    /// <summary>
    /// The forms of a run's SAE, beside published figures where there are any; with all of them no
    /// room is left to say what the figures mean.
    /// </summary>
    public static void Write(RunScores scores, Published? published, long samples, Host host)
    {
        var (trained, saved, pruned) = scores;
        var table = new TextTable(Row(
            new("metric"),
            new("trained"),
            new("saved"),
            new("pruned"),
            new("published*"),
            new TextTable.Column("what it means")));
        foreach (var metric in trained.Metrics)
        {
            var name = metric.Name;
            table.Add(Row(
                MetricNames.Title(name),
                Cell(metric),
                Cell(saved[name]),
                pruned is null ? "" : Cell(pruned[name]),
                published?.Cell(name) ?? "",
                MetricNames.Meaning(name)));
        }

        table.Write(host.Out, host.Width);
        WriteDensity(scores.Saved, host);
        WriteNotes(scores, published, samples, host);

        T[] Row<T>(T title, T first, T second, T third, T fourth, T meaning) =>
        [
            title,
            first,
            second,
            .. pruned is null ? Array.Empty<T>() : [third],
            .. published is null ? Array.Empty<T>() : [fourth],
            .. pruned is null || published is null ? [meaning] : Array.Empty<T>(),
        ];
    }

    /// <summary>One SAE.</summary>
    public static void Write(Scores scores, Host host)
    {
        var table = new TextTable(new("metric"), new("value"), new("what it means"));
        foreach (var metric in scores.Metrics)
        {
            var name = metric.Name;
            table.Add(MetricNames.Title(name), Cell(metric), MetricNames.Meaning(name));
        }

        table.Write(host.Out, host.Width);
        WriteDensity(scores, host);
    }

    // Where the truth is known, the table of latents says more.
    private static void WriteDensity(Scores scores, Host host)
    {
        if (!scores.HaveTruth && scores.Density is { } density)
        {
            host.Out.WriteLine();
            DensityReport.Write(density, host);
        }
    }

    private static void WriteNotes(
        RunScores scores, Published? published, long samples, Host host)
    {
        var pruned = scores.Pruned is null
            ? ""
            : " \"pruned\": the saved SAE without the active latents of which too little is left "
                + "when all others are taken away.";

        host.Out.WriteLine();
        var truth = scores.Trained.HaveTruth
            ? "From F1 to accuracy, 1 is perfect. A latent's feature is the one that its decoder "
                + "direction is nearest to. "
            : "";
        Paragraph(
            host,
            $"{truth}Scored on {Counts.Exact(scores.Trained.Samples)} samples that it "
            + "was not trained on; ± is one standard error. \"trained\": with the selection rule "
            + "of training; \"saved\": as the saved SAE works, on each sample alone."
            + pruned);
        if (published is not null)
        {
            Paragraph(host, $"* {published.Note(samples)}");
        }
    }

    private static void Paragraph(Host host, string text)
    {
        foreach (var line in Wrap.Lines(text, Math.Min(host.Width, 100)))
        {
            host.Out.WriteLine(line);
        }
    }

    private static string Cell(Metric metric) =>
        Numbers.WithError(metric.Value, metric.StandardError);
}
