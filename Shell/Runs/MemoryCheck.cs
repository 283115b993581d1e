using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Cuda;
using SynthSae.Compute.Training;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Spec;

namespace SynthSae.Runs;

/// <summary>
/// Whether a run fits into the memory of where it computes, reckoned before it begins.
/// </summary>
/// <param name="plan">What is run.</param>
/// <param name="gpu">The GPU that it computes on; null for the processor.</param>
/// <param name="refuse">What does not fit does not begin.</param>
/// <param name="journal">Who is told.</param>
internal sealed class MemoryCheck(RunPlan plan, Gpu? gpu, bool refuse, RunJournal journal)
{
    private readonly string _memory = gpu is null ? "memory" : "GPU memory";

    /// <summary>
    /// Say what the run will take, if the specification alone tells its sizes.
    /// </summary>
    /// <returns>False if the data have to be read first.</returns>
    /// <exception cref="Compute.BadInput">There is not so much.</exception>
    public bool Before()
    {
        var model = RunSpecModule.model(plan.Spec.Value);
        if (OptionModule.IsNone(model))
        {
            return false;
        }

        Check(model.Value.NumFeatures, model.Value.HiddenDim);
        return true;
    }

    /// <summary>The same for data whose sizes are known.</summary>
    public void Check(int features, int dim)
    {
        var need = gpu is null
            ? MemoryPlanModule.predict(plan.Spec.Value, features, dim)
            : GpuMemoryPlan.predict(
                ListModule.OfSeq(plan.Saes.Select(sae => sae.Spec)), features, dim);
        var free = gpu?.FreeMemory ?? FreeMemory.Bytes;
        journal.Log(
            "memory",
            ("device", gpu is null ? "cpu" : $"cuda:{gpu.Info.Index}"),
            ("predicted_bytes", need.Total),
            ("data_bytes", need.Data),
            ("sae_bytes", new JsonArray([.. need.Saes.Select(one => JsonValue.Create(one))])),
            ("checkpoint_bytes", need.Checkpoint),
            ("scoring_bytes", need.Scoring),
            ("available_bytes", free));
        var (about, left) = (Numbers.Bytes(need.Total), Numbers.Bytes(free));
        if (refuse && need.Total > free)
        {
            throw Failure.BadInput(
                _memory,
                $"about {about} are needed ({Parts(need)}), but {left} are free; "
                + "--force-memory tries nevertheless");
        }

        journal.Note($"{_memory}: about {about} of {left} free ({Parts(need)})");
    }

    private string Parts(MemoryPlan need) =>
        $"data {Numbers.Bytes(need.Data)}, "
        + $"{(plan.Saes.Count == 1 ? "the SAE" : $"{plan.Saes.Count} SAEs")} "
        + $"{Numbers.Bytes(need.Saes.Sum())}, scoring {Numbers.Bytes(need.Scoring)}"
        + (need.Checkpoint > 0 ? $" or checkpoints {Numbers.Bytes(need.Checkpoint)}" : "");
}
