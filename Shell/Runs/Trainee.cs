using System.Diagnostics;
using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Compute.Training;
using SynthSae.Core;

namespace SynthSae.Runs;

/// <summary>One SAE of a run while it is trained.</summary>
/// <param name="plan">Which.</param>
/// <param name="trainer">Trains it.</param>
/// <param name="before">What it had come to in earlier sittings; null if it begins.</param>
internal sealed class Trainee(SaePlan plan, Trainer trainer, SaeState? before)
{
    private readonly bool _hasCoefficient =
        OptionModule.IsSome(plan.Spec.Value.Sae.Architecture.Coefficient);

    private readonly Queue<StepReport> _reports = new();
    private TimeSpan _time = before?.StepTime ?? TimeSpan.Zero;

    /// <summary>Which SAE.</summary>
    public SaePlan Plan => plan;

    /// <summary>Trains it.</summary>
    public Trainer Trainer => trainer;

    /// <summary>The last step.</summary>
    public StepProgress Last { get; private set; } = before?.Last ?? default;

    /// <summary>How far it has come.</summary>
    public SaeState State => new(Last, _time, Parts());

    /// <summary>How many steps have been reported that were not taken yet.</summary>
    public int Reported => _reports.Count;

    /// <summary>One step on x.</summary>
    public void Step(Batch x) => Hear(() => trainer.Step(x));

    /// <summary>Wait until all steps are reported.</summary>
    public void Finish() => Hear(trainer.Finish);

    /// <summary>
    /// Take the oldest report: <see cref="Last"/> is now that step of <paramref name="steps"/>, on
    /// data with this variance.
    /// </summary>
    public void Take(long steps, double variance)
    {
        var report = _reports.Dequeue();
        var coefficient = _hasCoefficient ? report.Coefficient : double.NaN;
        var moving = Last.Step > 0
            && !(Last.K.Equals(report.K) && Last.Coefficient.Equals(coefficient));
        Last = new StepProgress(
            report.Step + 1,
            steps,
            report.Samples,
            report.Loss,
            report.Mse,
            report.L0,
            1 - report.Mse / variance,
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

    private void Hear(Func<IEnumerable<StepReport>> work)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            foreach (var report in work())
            {
                _reports.Enqueue(report);
            }
        }
        catch (BadInput error) when (!plan.IsAlone)
        {
            throw Failure.BadInput($"{plan.Path}: {error.place}", error.problem);
        }

        _time += Stopwatch.GetElapsedTime(start);
    }

    // Seconds that the parts of all steps have taken, in all sittings; none where that is unknown.
    private Dictionary<string, double> Parts()
    {
        var times = trainer.Times;
        if (times.Equals(StepTimes.Zero))
        {
            return before is null ? [] : new(before.StepParts);
        }

        Dictionary<string, double> here = new()
        {
            ["encode"] = times.Encode,
            ["select"] = times.Select,
            ["decode"] = times.Reconstruct,
            ["backward"] = times.Backward,
            ["optimiser"] = times.Update,
        };
        return here.ToDictionary(
            part => part.Key,
            part => part.Value + (before?.StepParts.GetValueOrDefault(part.Key) ?? 0));
    }
}
