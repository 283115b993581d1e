using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Compute.Training;
using SynthSae.Runs;

namespace SynthSae.Core;

/// <summary>
/// Turns the trainer's reports into what is shown, which needs the variance of the data.
/// </summary>
/// <param name="plan">What is run.</param>
/// <param name="from">The state that the run goes on from; null if it began.</param>
internal sealed class StepReports(RunPlan plan, RunState? from)
{
    private const int FirstBatches = 8;
    private const int Between = 100;

    private readonly bool _hasCoefficient =
        OptionModule.IsSome(plan.Spec.Value.Sae.Architecture.Coefficient);

    private (double K, double Coefficient)? _before =
        from is null ? null : (from.Last.K, from.Last.Coefficient);

    /// <summary>The variance of the data as far as it was measured.</summary>
    public MeanVariance Variance { get; private set; } = from?.Variance ?? default;

    /// <summary>Seconds that the parts of all steps have taken, in all sittings.</summary>
    public IReadOnlyDictionary<string, double> Parts(Trainer trainer)
    {
        double Sum(string part, double here) =>
            here + (from?.StepParts.GetValueOrDefault(part) ?? 0);
        Dictionary<string, double> parts = new()
        {
            ["encode"] = trainer.Times.Encode,
            ["select"] = trainer.Times.Select,
            ["decode"] = trainer.Times.Reconstruct,
            ["backward"] = trainer.Times.Backward,
            ["optimiser"] = trainer.Times.Update,
        };
        return parts.ToDictionary(part => part.Key, part => Sum(part.Key, part.Value));
    }

    /// <summary>The state after a step on <paramref name="x"/>.</summary>
    public StepProgress Read(StepReport report, Matrix x)
    {
        // Some batches are enough, and cost next to nothing.
        if (report.Step < FirstBatches || report.Step % Between == 0)
        {
            Variance = Variance.Add(TotalVariance.ofBatch(x));
        }

        var coefficient = _hasCoefficient ? report.Coefficient : double.NaN;
        var moving = _before is { } before
            && !(before.K.Equals(report.K) && before.Coefficient.Equals(coefficient));
        _before = (report.K, coefficient);
        return new StepProgress(
            report.Step + 1,
            plan.Steps,
            report.Samples,
            report.Loss,
            report.Mse,
            report.L0,
            1 - report.Mse / Variance.Mean,
            report.Dead,
            report.LearningRate)
        {
            Terms = report.Losses.ToDictionary(term => term.Item1, term => term.Item2),
            K = report.K,
            Coefficient = coefficient,
            IsMoving = moving,
            IsSaturated = report.IsSaturated,
        };
    }
}
