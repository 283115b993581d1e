using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Sweeps;

namespace SynthSae.Slurm;

/// <summary>
/// Submits the runs of a sweep to Slurm as tasks of array jobs, but for those that wait or run there
/// already.
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

        var options = Options(job, missing);
        foreach (var runs in missing.Chunk(missing.Count == 0 ? 1 : client.MostTasks()))
        {
            if (stop.IsCancellationRequested)
            {
                return SweepProgress.Stopped;
            }

            Submit(job, folder, options, runs);
        }

        return SweepProgress.HandedOver;
    }

    private void Submit(
        SweepJob job, SubmissionFolder folder, SlurmOptions options, RunFolder[] runs)
    {
        var submission = folder.Submit(
            client,
            options,
            $"synthsae-{job.Record.Name}",
            Command(job, options),
            [.. runs.Select(run => (run.Id, run.Path))]);
        var tasks = runs.Length == 1 ? "a task" : $"{Counts.Exact(runs.Length)} tasks";
        Tell(job, $"submitted job {submission.Job} of {tasks}; its logs go to {folder.Path}");
    }

    // A run that was killed before its first checkpoint begins again: that is what the queue is for.
    private static IReadOnlyList<string> Command(SweepJob job, SlurmOptions options)
    {
        List<string> arguments = ["work", "--anew", "--threads", $"{options.Cpus}"];
        if (options.Gpus != "")
        {
            // Slurm shows a task its own GPUs alone, and others the next time.
            arguments.AddRange(["--device", "cuda"]);
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

    private static SlurmOptions Options(SweepJob job, IReadOnlyList<RunFolder> runs)
    {
        var needsGpu = runs.Any(run => StatusFile.Read(run)?.Device?.StartsWith(Gpu) == true);
        var options = job.Settings.Slurm;
        var threads = job.Settings.IsFlag(Settings.SettingNames.Threads);
        return options with
        {
            MaxTasks = job.Jobs,
            Cpus = threads ? job.Settings.Threads : options.Cpus,
            Gpus = options.Gpus == "" && needsGpu ? "1" : options.Gpus,
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
