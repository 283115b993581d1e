using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Store;
using SynthSae.Sweeps;

namespace SynthSae.Slurm;

/// <summary>
/// Submits the runs of a sweep to Slurm as tasks of array jobs, but for those that wait or run
/// there already.
/// </summary>
internal sealed class SlurmExecutor(SlurmClient client) : ISweepExecutor
{
    // How the runs that compute on a GPU name it.
    private const string Gpu = "cuda";

    public string Name => "slurm";

    public void Check() => client.Check();

    public SweepProgress Execute(SweepJob job, CancellationToken stop)
    {
        var folder = SubmissionFolder.Of(job.Folder);
        var queue = SweepQueue.Read(client, folder.Submissions);
        var missing = job.Missing.Where(run => queue[run.Id] is not { IsActive: true }).ToList();
        if (job.Missing.Count - missing.Count is > 0 and var active)
        {
            Tell(job, $"{Counts.Exact(active)} of them wait or run in Slurm already");
        }

        var device = Device(job, missing);
        var options = Options(job, device);
        var command = Command(job, options, device);
        foreach (var runs in missing.Chunk(missing.Count == 0 ? 1 : client.MostTasks()))
        {
            if (stop.IsCancellationRequested)
            {
                return SweepProgress.Stopped;
            }

            Submit(job, folder, options, command, runs);
        }

        Tell(job, $"To take them out of Slurm: synthsae sweep cancel {job.Folder.Shown}");
        return SweepProgress.HandedOver;
    }

    private void Submit(
        SweepJob job,
        SubmissionFolder folder,
        SlurmOptions options,
        IReadOnlyList<string> command,
        RunFolder[] runs)
    {
        var submission = folder.Submit(
            client,
            options,
            $"synthsae-{job.Record.Name}",
            command,
            [.. runs.Select(run => (run.Id, run.Path))]);
        var tasks = runs.Length == 1 ? "a task" : $"{Counts.Exact(runs.Length)} tasks";
        Tell(job, $"submitted job {submission.Job} of {tasks}; its logs go to {folder.Path}");
    }

    // What is asked for on the command line, else what the runs were prepared for; null leaves it
    // to each of them. Slurm shows a task its own GPUs alone, and others the next time.
    private static string? Device(SweepJob job, IReadOnlyList<RunFolder> runs)
    {
        var asked = SweepRuns.Device(job.Settings);
        var needsGpu = asked is null
            ? runs.Any(run => StatusFile.Read(run)?.Device?.StartsWith(Gpu) == true)
            : asked.StartsWith(Gpu);
        return needsGpu ? Gpu : asked;
    }

    // A run that was killed before its first checkpoint begins again: the queue is there for that.
    private static IReadOnlyList<string> Command(
        SweepJob job, SlurmOptions options, string? device)
    {
        List<string> arguments = ["work", "--anew", "--threads", $"{options.Cpus}"];
        if (device is not null)
        {
            arguments.AddRange(["--device", device]);
        }

        if (options.Requeue)
        {
            arguments.Add("--requeue-on-warning");
        }

        if (job.ForceMemory)
        {
            arguments.Add("--force-memory");
        }

        return Executable.Command(arguments);
    }

    private static SlurmOptions Options(SweepJob job, string? device)
    {
        var options = job.Settings.Slurm;
        return options with
        {
            MaxTasks = job.Jobs,
            Cpus = job.Settings.IsFlag(SettingNames.Threads)
                ? job.Settings.Threads
                : options.Cpus,
            Gpus = options.Gpus == "" && device == Gpu ? "1" : options.Gpus,
        };
    }

    private static void Tell(SweepJob job, string text)
    {
        if (!job.Quiet)
        {
            job.Host.Error.WriteLine(text);
        }
    }
}
