using SynthSae.Core;
using SynthSae.Spec;

namespace SynthSae.Sweeps;

/// <summary>A sweep that is ready to begin: all of its runs are valid.</summary>
/// <param name="Spec">The sweep, its base written out.</param>
/// <param name="Trials">Every point with every seed, as if it were run alone.</param>
/// <param name="Runs">The runs that do the trials.</param>
internal sealed record SweepPlan(
    SweepSpec Spec, IReadOnlyList<SweepTrial> Trials, IReadOnlyList<SweepPlan.Run> Runs)
{
    /// <summary>Samples that are trained on, by all runs together.</summary>
    public long Samples => Runs.Sum(run => run.Plan.Spec.Value.Training.Samples);

    /// <summary>Some trials that are run in one pass.</summary>
    /// <param name="Plan">What is run; its SAE i is that of the trial i.</param>
    /// <param name="Trials">The trials by their numbers.</param>
    internal sealed record Run(RunPlan Plan, IReadOnlyList<int> Trials);
}
