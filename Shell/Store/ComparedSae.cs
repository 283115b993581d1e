using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>An SAE of a run, beside others.</summary>
/// <param name="Label">A letter for the run, with the SAE's number where the run has several: A,
///   B2.</param>
/// <param name="Run">The run.</param>
/// <param name="Index">The SAE, from 0.</param>
/// <param name="Spec">The run's specification with this SAE alone.</param>
/// <param name="Metrics">Figures of training and scores of the saved SAE, by name.</param>
internal sealed record ComparedSae(
    string Label, RunSummary Run, int Index, JsonObject Spec, IReadOnlyList<Metric> Metrics)
{
    /// <summary>The SAEs of runs, in their order.</summary>
    public static IReadOnlyList<ComparedSae> Of(IReadOnlyList<RunSummary> runs) =>
        [.. runs.SelectMany((run, place) => Of(run, $"{(char)('A' + place)}"))];

    /// <summary>The metric of that name; null where it is not known.</summary>
    public Metric? this[string name] => Metrics.FirstOrDefault(metric => metric.Name == name);

    private static IEnumerable<ComparedSae> Of(RunSummary run, string letter)
    {
        var spec = RunStore.Spec(run) ?? [];
        var saes = spec[SpecPaths.Saes] as JsonArray;
        var result = StatusFile.TryRead(run.Open().ResultFile);
        var count = Math.Max(saes?.Count ?? 1, 1);
        for (var i = 0; i < count; i++)
        {
            var found = saes is null ? result : (result.Field(SpecPaths.Saes) as JsonArray)?[i];
            yield return new ComparedSae(
                saes is null ? letter : $"{letter}{i}",
                run,
                i,
                saes is null ? spec : Single(spec, saes[i]),
                [.. Training(run, i), .. Scored(found)]);
        }
    }

    private static JsonObject Single(JsonObject spec, JsonNode? sae)
    {
        var single = (JsonObject)spec.DeepClone();
        single.Remove(SpecPaths.Saes);
        single[SpecPaths.Sae] = sae?.DeepClone();
        return single;
    }

    private static IEnumerable<Metric> Training(RunSummary run, int index)
    {
        yield return new Metric("samples", run.Snapshot.Samples, 0);
        yield return new Metric("samples_per_second", run.Snapshot.SamplesPerSecond, 0);
        if (run.Snapshot.Saes.ElementAtOrDefault(index) is { } sae)
        {
            yield return new Metric("training_loss", sae.Loss, 0);
            yield return new Metric("training_l0", sae.L0, 0);
            yield return new Metric("training_r2", sae.R2, 0);
        }
    }

    private static IReadOnlyList<Metric> Scored(JsonNode? result) =>
        result.Field("evaluation").Field("saved_form") is JsonObject saved
            ? Scores.OfJson(saved).Metrics
            : [];
}
