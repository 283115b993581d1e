using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>Metrics of an SAE with their standard errors and what they mean.</summary>
public static class ScoreTable
{
    /// <summary>Both forms of a run's SAE, beside published figures where there are any.</summary>
    public static void Write(
        Scores trained, Scores saved, Published? published, long samples, Host host)
    {
        TextTable.Column[] compared = published is null ? [] : [new("published*")];
        var table = new TextTable(
            [new("metric"), new("trained"), new("saved"), .. compared, new("what it means")]);
        foreach (var metric in trained.Metrics)
        {
            var name = metric.Name;
            string[] figure = published is null ? [] : [published.Cell(name)];
            table.Add(
            [
                MetricNames.Title(name),
                Cell(metric),
                Cell(saved[name]),
                .. figure,
                MetricNames.Meaning(name),
            ]);
        }

        table.Write(host.Out, host.Width);
        WriteNotes(trained, published, samples, host);
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
    }

    private static void WriteNotes(Scores trained, Published? published, long samples, Host host)
    {
        host.Out.WriteLine();
        Paragraph(
            host,
            "From F1 to accuracy, 1 is perfect. A latent's feature is the one that its decoder "
            + $"direction is nearest to. Scored on {Counts.Exact(trained.Samples)} samples that it "
            + "was not trained on; ± is one standard error. \"trained\": with the selection rule "
            + "of training; \"saved\": as the saved SAE works, on each sample alone.");
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
