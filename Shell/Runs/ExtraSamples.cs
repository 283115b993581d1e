using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Compute.Training;
using SynthSae.Core;
using SynthSae.Data;
using SynthSae.Formatting;
using Stream = SynthSae.Compute.Stream;

namespace SynthSae.Runs;

/// <summary>Brings trainers the samples that they want beside those that they train on.</summary>
/// <param name="data">Where they come from.</param>
/// <param name="plan">What is run.</param>
/// <param name="journal">Who is told.</param>
internal sealed class ExtraSamples(IRunData data, RunPlan plan, RunJournal journal)
{
    private readonly Lazy<IBatches> _fresh = new(() => data.SamplesFor(Stream.Resampling));

    /// <summary>
    /// Before the first step of a run: what inputs are multiplied by, where that is to be
    /// estimated.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public void Scale(Trainee sae, CancellationToken stop)
    {
        var count = sae.Trainer.ScaleBatches;
        if (count == 0)
        {
            return;
        }

        var batches = data.SamplesFor(Stream.Scale);
        var x = new Matrix(plan.BatchSize, data.Dim);
        var scale = ActivationScale.estimate(count, FuncConvert.FromFunc((int number) =>
        {
            stop.ThrowIfCancellationRequested();
            batches.Fill((long)number * plan.BatchSize, x);
            return x;
        }));
        sae.Trainer.ScaleInputs(scale);
        journal.Log(
            "scaled",
            ("sae", sae.Plan.Index),
            ("scale", Json.Number(scale)),
            ("batches", count));
        journal.NoteOf(sae.Plan, $"inputs are multiplied by {Numbers.Short(scale)}, "
            + $"estimated from {Counts.Exact(count)} batches");
    }

    /// <summary>Before a step (from 1): give dead latents a new start, where that is due.</summary>
    public void Resample(Trainee sae, long step)
    {
        var wanted = sae.Trainer.SamplesWanted;
        if (wanted == 0)
        {
            return;
        }

        var x = new Matrix(wanted, data.Dim);
        _fresh.Value.Fill((step - 1) * plan.BatchSize, x);
        var latents = sae.Trainer.Resample(x);
        journal.Log(
            "resampled",
            ("sae", sae.Plan.Index),
            ("step", step),
            ("latents", latents.Length),
            ("text", $"resampled {Counts.Exact(latents.Length)} latents"));
    }
}
