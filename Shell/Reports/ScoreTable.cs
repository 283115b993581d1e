using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>Metrics of an SAE with their standard errors and what they mean.</summary>
public static class ScoreTable
{
    /// <summary>Both forms of a run's SAE, beside published figures where there are any.</summary>
    public static void Write(Scores trained, Scores saved, Published? published, long samples, Host host)
    {
        var table = published is null
            ? new TextTable(new("metric"), new("trained"), new("saved"), new("what it means"))
            : new TextTable(
                new("metric"), new("trained"), new("saved"), new("published*"), new("what it means"));
        foreach (var metric in trained.Metrics)
        {
            string[] cells = [MetricNames.Title(metric.Name), Cell(metric), Cell(saved[metric.Name])];
            string[] compared = published is null ? [] : [published.Cell(metric.Name)];
            table.Add([.. cells, .. compared, MetricNames.Meaning(metric.Name)]);
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
            table.Add(MetricNames.Title(metric.Name), Cell(metric), MetricNames.Meaning(metric.Name));
        }

        table.Write(host.Out, host.Width);
    }

    private static void WriteNotes(Scores trained, Published? published, long samples, Host host)
    {
        host.Out.WriteLine();
        Paragraph(
            host,
            $"Scored on {Counts.Exact(trained.Samples)} samples that it was not trained on; ± is one "
            + "standard error of that. \"trained\": with the selection rule of training; \"saved\": as "
            + "the saved SAE works, on each sample alone.");
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

    private static string Cell(Metric metric) => Numbers.WithError(metric.Value, metric.StandardError);
}
