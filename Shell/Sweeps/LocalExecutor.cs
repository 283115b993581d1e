using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Sweeps;

/// <summary>One run after another in this process, with the usual progress.</summary>
internal sealed class LocalExecutor : ISweepExecutor
{
    public string Name => "local";

    public SweepProgress Execute(SweepJob job, CancellationToken stop)
    {
        if (job.Jobs is > 1)
        {
            throw Failure.BadInput("--jobs", "this process executes one run after another");
        }

        foreach (var (number, run) in job.Missing.Index())
        {
            if (stop.IsCancellationRequested || !Execute(job, number, run, stop))
            {
                return SweepProgress.Stopped;
            }
        }

        return SweepProgress.Done;
    }

    // False if it was stopped.
    private static bool Execute(SweepJob job, int number, RunFolder run, CancellationToken stop)
    {
        var error = job.Host.Error;
        try
        {
            using var start = SweepRuns.Start(run, job.Settings);
            if (start is null)
            {
                error.WriteLine($"{run.Shown} is being executed by another process");
                return true;
            }

            start.ForceMemory = job.ForceMemory;
            if (!job.Quiet)
            {
                error.WriteLine(Words(job, number, run));
            }

            var latents = start.Plan.Saes.Select(sae => sae.Latents).ToList();
            var observer = Observers.For(job.Host, latents, job.Quiet);
            return WatchedRun.Execute(start, observer, stop).Status == RunStatus.Finished
                || !stop.IsCancellationRequested; // somebody stopped this one run
        }
        catch (Exception failure) when (
            ErrorReport.IsBadInput(failure) || failure is CrashException)
        {
            ErrorReport.Write(failure, error); // the others may do better
            return true;
        }
    }

    private static string Words(SweepJob job, int number, RunFolder run)
    {
        var trials = job.Record.Entries.Where(entry => entry.Run == run.Id).ToList();
        var what = trials is [var one]
            ? string.Join(
                ", ", job.Record.Columns.Zip(one.Point, (name, value) => $"{name}={value}"))
            : Counts.Exact(trials.Count) + " SAEs";
        return $"[{number + 1}/{job.Missing.Count}] {what}, seed={trials[0].Seed}: {run.Shown}";
    }
}
