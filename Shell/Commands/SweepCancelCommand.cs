using SynthSae.Hosting;
using SynthSae.Slurm;

namespace SynthSae.Commands;

/// <summary>Takes a sweep out of Slurm.</summary>
internal sealed class SweepCancelCommand(Host host)
    : SweepQueueCommand(
        host, "cancel", "Take a sweep's tasks out of Slurm; those that run save first.")
{
    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae sweep cancel l0", "pending tasks are dropped, running ones save and end"),
    ];

    protected override string? Apply(SlurmClient client, IReadOnlyList<RunInSlurm> active)
    {
        // Whole arrays: a task that Slurm puts back into its queue meanwhile goes with its array.
        client.Cancel(active.Select(run => run.Task!.Value with { Task = null }).Distinct());
        return active.Count > 0 ? $"cancelled {Tasks(active.Count)}" : null;
    }
}
