using SynthSae.Store;

namespace SynthSae.Slurm;

/// <summary>Where a run stands that was given to Slurm.</summary>
/// <param name="Word">Pending, running, finished, failed, cancelled, vanished, or what the run
///   itself says.</param>
/// <param name="Message">What there is to say of it; null for nothing.</param>
internal sealed record Standing(string Word, string? Message)
{
    /// <summary>The word for a run that Slurm has forgotten before it came to an end.</summary>
    public const string Vanished = "vanished";

    /// <summary>
    /// What follows from both sides. The run's own word counts for what has come to an end, for it
    /// knows the reason; Slurm's for what has not, for a run that waits, or was killed, cannot
    /// speak.
    /// </summary>
    /// <param name="status">What the run says; null if it has no folder.</param>
    /// <param name="message">What it says of that.</param>
    /// <param name="task">What Slurm says.</param>
    public static Standing Of(RunStatus? status, string? message, RunInSlurm task)
    {
        var isOver = status is RunStatus.Finished or RunStatus.Failed;
        return task.Phase switch
        {
            // Also one that failed before, or that goes on from a checkpoint.
            SlurmPhase.Pending when status is not RunStatus.Finished =>
                new("pending", $"job {task.Task}{Because(task)}"),
            SlurmPhase.Running when !isOver => new("running", $"job {task.Task} on {task.Node}"),
            SlurmPhase.Ended when !Spoke(status) && task.State == "CANCELLED" =>
                new("cancelled", $"job {task.Task}"),
            SlurmPhase.Ended when !Spoke(status) => new(
                RunStatus.Failed.Word(),
                $"job {task.Task} ended as {task.State}{Because(task)}; see {task.LogFile}"),
            SlurmPhase.Ended when status is RunStatus.Stopped =>
                new(RunStatus.Stopped.Word(), message ?? $"job {task.Task} ended as {task.State}"),
            null when !Spoke(status) => new(Vanished, Forgotten(task)),
            _ => new(status?.Word() ?? Vanished, message),
        };
    }

    // It said how it ended; what says that it runs, or waits, did not hear of its end.
    private static bool Spoke(RunStatus? status) =>
        status is RunStatus.Finished or RunStatus.Failed or RunStatus.Stopped or RunStatus.Paused;

    private static string Because(RunInSlurm task) =>
        task.Reason == "" ? "" : $" ({task.Reason})";

    private static string Forgotten(RunInSlurm task) =>
        task.Task is { } id
            ? $"Slurm knows no more of job {id}; see {task.LogFile}"
            : "Slurm never took its job";
}
