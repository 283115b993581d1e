using SynthSae.Compute;
using SynthSae.Compute.Training;

namespace SynthSae.Runs;

/// <summary>The variance of the data that are trained on, from some of the batches.</summary>
/// <param name="before">As far as it was measured in earlier sittings.</param>
internal sealed class DataVariance(MeanVariance before)
{
    private const int FirstBatches = 8;
    private const int Between = 100;

    /// <summary>So far.</summary>
    public MeanVariance Value { get; private set; } = before;

    /// <summary>Look at the batch of a step, counted from 1.</summary>
    public void See(long step, Batch x)
    {
        // Some batches are enough, and cost next to nothing.
        if (step <= FirstBatches || step % Between == 1)
        {
            Value = Value.Add(TotalVariance.ofBatch(BatchModule.toHost(x)));
        }
    }
}
