using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>The SAEs of a run beside each other, one in a row.</summary>
internal static class SeveralReport
{
    private static readonly (string Metric, string Heading)[] Shown =
    [
        (MetricNames.F1, "F1"),
        (MetricNames.Mcc, "MCC"),
        (MetricNames.Uniqueness, "uniqueness"),
        (MetricNames.R2, "R²"),
        ("sae_l0", "L0"),
        ("dead_latents", "dead"),
    ];

    /// <summary>The table: scores as saved, and the speed of each SAE's own steps.</summary>
    public static void Write(IReadOnlyList<SaeResult> saes, Host host)
    {
        var scored = saes
            .Select(sae => sae.Scores?.Saved)
            .FirstOrDefault(scores => scores is not null);
        var shown = Shown
            .Where(shown => scored?.Metrics.Any(metric => metric.Name == shown.Metric) == true)
            .ToList();
        var table = new TextTable(
        [
            new("SAE"),
            .. shown.Select(shown => new TextTable.Column(shown.Heading)),
            new("samples/s", Right: true),
        ]);
        foreach (var sae in saes)
        {
            table.Add(
            [
                sae.Plan.Label,
                .. shown.Select(shown => Cell(sae.Scores!.Saved[shown.Metric])),
                Counts.Short(sae.State.SamplesPerSecond),
            ]);
        }

        table.Write(host.Out, host.Width);
        if (scored is not null)
        {
            host.Out.WriteLine();
            WriteNotes(scored.Samples, host);
        }
    }

    private static void WriteNotes(long samples, Host host)
    {
        var text = $"Scored as saved on {Counts.Exact(samples)} samples that no SAE was trained "
            + "on; in brackets one standard error of the last digits. result.json has all "
            + "metrics, also as trained. samples/s: of the SAE's own steps.";
        foreach (var line in Wrap.Lines(text, Math.Min(host.Width, 100)))
        {
            host.Out.WriteLine(line);
        }
    }

    private static string Cell(Metric metric) =>
        Numbers.Concise(metric.Value, metric.StandardError);
}
