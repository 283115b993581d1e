using SynthSae.Hosting;
using SynthSae.Slurm;

namespace SynthSae.Commands;

/// <summary>Has the running tasks of a sweep make room for others.</summary>
internal sealed class SweepRequeueCommand(Host host)
    : SweepQueueCommand(
        host,
        "requeue",
        "Have a sweep's running tasks in Slurm save, make room, and wait to go on.")
{
    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae sweep requeue l0", "they go on later, as if they had never stopped"),
    ];

    protected override string? Apply(SlurmClient client, IReadOnlyList<RunInSlurm> active)
    {
        var running = active.Where(run => run.Phase == SlurmPhase.Running).ToList();
        foreach (var run in running)
        {
            client.Requeue(run.Task!.Value);
        }

        return running.Count > 0 ? $"put {Tasks(running.Count)} back into the queue" : null;
    }
}
