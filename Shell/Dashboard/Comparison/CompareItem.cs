using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Dashboard.RunList;
using SynthSae.Store;

namespace SynthSae.Dashboard.Comparison;

/// <summary>One of the SAEs that are compared.</summary>
/// <param name="Run">Its run.</param>
/// <param name="Sae">Which of the run's SAEs, from 0.</param>
internal sealed record CompareItem(RunSummary Run, int Sae)
{
    /// <summary>More than these are not compared at once: colours and digits end there.</summary>
    public const int Most = 8;

    /// <summary>What it is called in legends.</summary>
    public string Name =>
        Run.Snapshot.Saes.Count > 1 ? $"{ShortName.Of(Run)} SAE {Sae}" : ShortName.Of(Run);

    /// <summary>How it does; nothing is known of one that is not there yet.</summary>
    public SaeFigures Figures =>
        Sae < Run.Snapshot.Saes.Count ? Run.Snapshot.Saes[Sae] : new SaeFigures();

    /// <summary>All SAEs of runs, as far as they can be compared at once.</summary>
    public static IReadOnlyList<CompareItem> Of(IEnumerable<RunSummary> runs) =>
    [
        .. runs.SelectMany(run => Enumerable.Range(0, Math.Max(1, run.Snapshot.Saes.Count))
                .Select(sae => new CompareItem(run, sae)))
            .Take(Most),
    ];

    /// <summary>
    /// The specification as that of a run with this SAE alone, so that SAEs of one run differ in
    /// the same fields as those of several.
    /// </summary>
    public JsonObject SpecOf(JsonObject? run)
    {
        if (run?.DeepClone() is not JsonObject spec)
        {
            return [];
        }

        if (spec.Field(SpecPaths.Saes) is JsonArray saes && Sae < saes.Count)
        {
            var own = saes[Sae]?.DeepClone();
            spec.Remove(SpecPaths.Saes);
            spec[SpecPaths.Sae] = own;
        }

        return spec;
    }
}
