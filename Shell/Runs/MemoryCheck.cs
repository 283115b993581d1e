using System.Text.Json.Nodes;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Training;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Spec;

namespace SynthSae.Runs;

/// <summary>Whether a run fits into memory, reckoned before it begins.</summary>
internal static class MemoryCheck
{
    /// <summary>
    /// Say what the run will take, if the specification alone tells its sizes.
    /// </summary>
    /// <returns>False if the data have to be read first.</returns>
    /// <exception cref="Compute.BadInput">The machine has not got it.</exception>
    public static bool Before(RunPlan plan, bool refuse, RunJournal journal)
    {
        var model = RunSpecModule.model(plan.Spec.Value);
        if (OptionModule.IsNone(model))
        {
            return false;
        }

        Check(plan, model.Value.NumFeatures, model.Value.HiddenDim, refuse, journal);
        return true;
    }

    /// <summary>The same for data whose sizes are known.</summary>
    public static void Check(
        RunPlan plan, int features, int dim, bool refuse, RunJournal journal)
    {
        var need = MemoryPlanModule.predict(plan.Spec.Value, features, dim);
        var free = FreeMemory.Bytes;
        journal.Log(
            "memory",
            ("predicted_bytes", need.Total),
            ("data_bytes", need.Data),
            ("sae_bytes", new JsonArray([.. need.Saes.Select(one => JsonValue.Create(one))])),
            ("checkpoint_bytes", need.Checkpoint),
            ("scoring_bytes", need.Scoring),
            ("available_bytes", free));
        var parts = $"data {Numbers.Bytes(need.Data)}, "
            + $"{(plan.Saes.Count == 1 ? "the SAE" : $"{plan.Saes.Count} SAEs")} "
            + $"{Numbers.Bytes(need.Saes.Sum())}, "
            + $"scoring {Numbers.Bytes(need.Scoring)} or checkpoints {Numbers.Bytes(need.Checkpoint)}";
        if (refuse && need.Total > free)
        {
            throw Failure.BadInput(
                "memory",
                $"about {Numbers.Bytes(need.Total)} are needed ({parts}), "
                + $"but {Numbers.Bytes(free)} are free; --force-memory tries nevertheless");
        }

        journal.Note($"memory: about {Numbers.Bytes(need.Total)} of {Numbers.Bytes(free)} free ({parts})");
    }
}
