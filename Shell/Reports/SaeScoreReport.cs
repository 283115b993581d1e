using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>The scores of a saved SAE.</summary>
/// <param name="Name">Its folder, or its name on the hub.</param>
/// <param name="Sae">The SAE.</param>
/// <param name="Data">What it was scored on.</param>
/// <param name="World">The same where it is a world, else null.</param>
/// <param name="Scores">The scores.</param>
/// <param name="Pruning">How its latents are pruned; null for not at all.</param>
/// <param name="Baselines">A low and a high baseline of its width; or none.</param>
/// <param name="Recovery">What became of the features; null if not asked for.</param>
internal sealed record SaeScoreReport(
    string Name,
    Sae Sae,
    string Data,
    LoadedWorld? World,
    Scores Scores,
    Pruning? Pruning,
    IReadOnlyList<Baselining.Scored> Baselines,
    Recovery? Recovery = null)
{
    /// <summary>The table.</summary>
    public void Write(Host host)
    {
        host.Out.WriteLine($"{Name} on {Data}, {Counts.Exact(Scores.Samples)} samples");
        if (Pruning is not null)
        {
            host.Out.WriteLine(Pruning.Words);
        }

        host.Out.WriteLine();
        ScoreTable.Write(Scores, host);
        if (Recovery is not null)
        {
            FeaturesReport.Write(Recovery, host);
        }

        if (Baselines is [var low, var high])
        {
            host.Out.WriteLine();
            var relative = Baselining.Relative(Scores, low.Scores, high.Scores);
            var text =
                $"With the true directions in its place, {low.Name} has an F1 of {F1(low)} and "
                + $"{high.Name} of {F1(high)} (see synthsae baselines). Where these are 0 and 1, "
                + $"this SAE is at {Cell(relative)}.";
            foreach (var line in Wrap.Lines(text, Math.Min(host.Width, 100)))
            {
                host.Out.WriteLine(line);
            }
        }
    }

    /// <summary>
    /// {schema, sae, model or activations, pruning, evaluation}, and with baselines {baselines:
    /// [{name, evaluation}, …], oracle_relative_f1: {value, standard_error}}, and with features
    /// {recovery: what recovery.json holds}.
    /// </summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["schema"] = 1,
            ["sae"] = HubNames.Find(Name) is null ? Path.GetFullPath(Name) : Name,
            [Scores.HaveTruth ? "model" : "activations"] = Data,
            ["pruning"] = Pruning?.ToJson(),
            ["evaluation"] = Scores.ToJson(),
        };
        if (Baselines is [var low, var high])
        {
            var relative = Baselining.Relative(Scores, low.Scores, high.Scores);
            json["baselines"] = new JsonArray(low.ToJson(), high.ToJson());
            json[relative.Name] = relative.ToJson();
        }

        if (Recovery is not null)
        {
            json["recovery"] = JsonNode.Parse(RecoveryReport.toJson(Recovery));
        }

        return json;
    }

    private static string F1(Baselining.Scored scored) => Cell(scored.Scores[MetricNames.F1]);

    private static string Cell(Metric metric) =>
        Numbers.WithError(metric.Value, metric.StandardError);
}
