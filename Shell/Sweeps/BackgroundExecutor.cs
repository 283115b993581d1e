using SynthSae.Core;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Supervision;

namespace SynthSae.Sweeps;

/// <summary>
/// Queues the runs for the supervisor, which gives each device one at a time; they outlive the
/// terminal.
/// </summary>
internal sealed class BackgroundExecutor : ISweepExecutor
{
    public string Name => "background";

    public SweepProgress Execute(SweepJob job, CancellationToken stop)
    {
        if (job.Jobs is not null)
        {
            throw Failure.BadInput(
                "--jobs", "the supervisor's slots decide (cpu_slots, and one for each GPU)");
        }

        if (job.ForceMemory)
        {
            throw Failure.BadInput("--force-memory", "is not for runs in the background");
        }

        var state = StateFolder.OfUser();
        var queue = new Queue(state);
        foreach (var run in job.Missing.Where(run => !queue.Holds(run.Path)))
        {
            queue.Enqueue(run, Wish(run, job), 0, SweepRuns.Threads(job.Settings), anew: true);
        }

        Supervisors.Ensure(state, job.Settings);
        return SweepProgress.HandedOver;
    }

    // Where it was to be computed when it was prepared, unless the command line says otherwise.
    private static DeviceWish Wish(RunFolder run, SweepJob job) =>
        SweepRuns.Device(job.Settings) is null
        && StatusFile.Read(run)?.Device is { } device
        && DeviceWish.Parse(device) is { } wish
            ? wish
            : RunPreparation.Wish(job.Settings);
}
