using System.Text.Json.Nodes;
using SynthSae.Compute.Baselines;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>What encoders reach that know the true features of a world.</summary>
/// <param name="World">The world.</param>
/// <param name="Sizes">How many features are tracked, and on how many samples.</param>
/// <param name="Baselines">In the order in which they are shown.</param>
internal sealed record BaselineReport(
    LoadedWorld World,
    BaselineSettings Sizes,
    IReadOnlyList<Baselining.Scored> Baselines)
{
    private static readonly (string Name, string Title)[] Columns =
    [
        (MetricNames.F1, "F1"),
        ("precision", "precision"),
        ("recall", "recall"),
        (Baselining.MicroF1, "micro F1"),
        ("sae_l0", "L0"),
        (MetricNames.R2, "R²"),
    ];

    private static readonly (string Family, string Meaning)[] Families =
    [
        ("truth", "the true activations of these features"),
        ("tied", "each score is taken along the feature's own direction"),
        ("lda", "along Fisher's discriminant Σ⁻¹(E[x | active] − E[x | silent])"),
        ("probe", "logistic regressions"),
        ("omp", "orthogonal matching pursuit; omp-all with all features of the model"),
    ];

    /// <summary>The table, and what it says.</summary>
    public void Write(Host host)
    {
        host.Out.WriteLine(
            $"First {Counts.Exact(Sizes.Width)} of {Counts.Exact(World.World.NumFeatures)} "
            + $"features of {World.Name}, {Counts.Exact(Sizes.Samples)} samples");
        host.Out.WriteLine();
        var figures = Columns.Select(column => new TextTable.Column(column.Title, true));
        var table = new TextTable([new("baseline"), .. figures]);
        foreach (var (name, scores) in Baselines)
        {
            table.Add([name, .. Columns.Select(column => Cell(scores, column.Name))]);
        }

        table.Write(host.Out, host.Width);
        WriteNotes(host);
    }

    /// <summary>
    /// {schema, model, width, samples, fit_samples, baselines: [{name, evaluation}, …]}.
    /// </summary>
    public JsonObject ToJson() => new()
    {
        ["schema"] = 1,
        ["model"] = World.Name,
        ["width"] = Sizes.Width,
        ["samples"] = Sizes.Samples,
        ["fit_samples"] = Sizes.FitSamples,
        ["baselines"] = new JsonArray([.. Baselines.Select(scored => scored.ToJson())]),
    };

    private static string Cell(Scores scores, string name) =>
        scores.Metrics.FirstOrDefault(metric => metric.Name == name) is { } metric
            ? Numbers.Concise(metric.Value, metric.StandardError)
            : "–";

    private void WriteNotes(Host host)
    {
        host.Out.WriteLine();
        var table = new TextTable(new(""), new(""));
        foreach (var (family, meaning) in Families)
        {
            if (Baselines.Any(scored => scored.Name.StartsWith(family, StringComparison.Ordinal)))
            {
                table.Add(family, meaning);
            }
        }

        table.Write(host.Out, host.Width);
        const string Note =
            "own: the best threshold for each feature, otherwise one for all. lista: once more "
            + "on x + step·(x − x̂). pruned: then leave-one-out. In brackets one standard error, "
            + "in the last digit. Decoders are the true directions, so every MCC is 1.";
        foreach (var line in Wrap.Lines(Note, Math.Min(host.Width, 100)))
        {
            host.Out.WriteLine(line);
        }
    }
}
