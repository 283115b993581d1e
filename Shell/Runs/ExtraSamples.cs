using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Compute.Training;
using SynthSae.Core;
using SynthSae.Data;
using SynthSae.Formatting;
using Stream = SynthSae.Compute.Stream;

namespace SynthSae.Runs;

/// <summary>Brings a trainer the samples that it wants beside those that it is trained on.</summary>
/// <param name="data">Where they come from.</param>
/// <param name="plan">What is run.</param>
/// <param name="events">The run's log.</param>
internal sealed class ExtraSamples(IRunData data, RunPlan plan, EventLog events)
{
    private readonly Lazy<IBatches> _fresh = new(() => data.SamplesFor(Stream.Resampling));

    /// <summary>
    /// Before the first step of a run: what inputs are multiplied by, where that is to be estimated.
    /// </summary>
    /// <returns>A note for the reader; null if there was nothing to do.</returns>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public string? Scale(Trainer trainer, CancellationToken stop)
    {
        var count = trainer.ScaleBatches;
        if (count == 0)
        {
            return null;
        }

        var batches = data.SamplesFor(Stream.Scale);
        var x = new Matrix(plan.BatchSize, data.Dim);
        var scale = ActivationScale.estimate(count, FuncConvert.FromFunc((int number) =>
        {
            stop.ThrowIfCancellationRequested();
            batches.Fill((long)number * plan.BatchSize, x);
            return x;
        }));
        trainer.ScaleInputs(scale);
        events.Append("scaled", ("scale", Json.Number(scale)), ("batches", count));
        return $"inputs are multiplied by {Numbers.Short(scale)}, "
            + $"estimated from {Counts.Exact(count)} batches";
    }

    /// <summary>Before a step (from 1): give dead latents a new start, where that is due.</summary>
    public void Resample(Trainer trainer, long step)
    {
        var wanted = trainer.SamplesWanted;
        if (wanted == 0)
        {
            return;
        }

        var x = new Matrix(wanted, data.Dim);
        _fresh.Value.Fill((step - 1) * plan.BatchSize, x);
        var latents = trainer.Resample(x);
        events.Append(
            "resampled",
            ("step", step),
            ("latents", latents.Length),
            ("text", $"resampled {Counts.Exact(latents.Length)} latents"));
    }
}
