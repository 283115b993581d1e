namespace SynthSae.Slurm;

/// <summary>What Slurm has to say of the runs of a sweep.</summary>
internal sealed class SweepQueue
{
    private readonly Dictionary<string, RunInSlurm> _runs = new(StringComparer.Ordinal);

    private SweepQueue(IEnumerable<RunInSlurm> runs)
    {
        foreach (var run in runs)
        {
            // A run that was submitted again is where its last job says, unless an earlier one
            // still has it.
            if (!_runs.TryGetValue(run.Run, out var before)
                || before.Phase is SlurmPhase.Ended or null)
            {
                _runs[run.Run] = run;
            }
        }
    }

    /// <summary>What is known of a run; null if it was never submitted.</summary>
    public RunInSlurm? this[string run] => _runs.GetValueOrDefault(run);

    /// <summary>The tasks that wait or run.</summary>
    public IEnumerable<RunInSlurm> Active => _runs.Values.Where(run => run.IsActive);

    /// <summary>Ask the queue, and the accounting for tasks that the queue has forgotten.</summary>
    public static SweepQueue Read(SlurmClient client, IReadOnlyList<Submission> submissions)
    {
        if (submissions.Count == 0)
        {
            return new SweepQueue([]);
        }

        var queue = client.Queue();
        var runs = submissions.SelectMany(submission => Find(submission, queue)).ToList();
        var forgotten = runs
            .Where(run => run.Phase is null && run.Task is not null)
            .Select(run => run.Task!.Value.Array)
            .Distinct();
        var ends = client.Ends(forgotten).ToLookup(end => end.Id);
        return new SweepQueue(runs.Select(run =>
            run.Phase is null && run.Task is { } task && ends[task].LastOrDefault() is { } end
                ? run with { State = end.State, Reason = end.Reason }
                : run));
    }

    // A job whose number was never learned is known by its script.
    private static IEnumerable<RunInSlurm> Find(
        Submission submission, IReadOnlyList<SlurmTask> queue)
    {
        var job = submission.Job
            ?? queue.FirstOrDefault(task => task.Script == submission.Script)?.Id.Array;
        return submission.Runs.Select((run, index) =>
        {
            SlurmTaskId? id = job is { } array ? new SlurmTaskId(array, index) : null;
            var task = queue.LastOrDefault(task => task.Id == id);
            return new RunInSlurm(
                run,
                id,
                task?.State ?? "",
                task?.Reason ?? "",
                task?.Node ?? "",
                submission.LogFile(index));
        });
    }
}
