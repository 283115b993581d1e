using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>What somebody who looks at runs that wait should know of the queue.</summary>
internal static class QueueRemark
{
    /// <summary>
    /// Why runs that wait do not begin, and what to type; null if there is a supervisor, or nothing
    /// for it to do.
    /// </summary>
    public static string? Of(StateFolder state, IEnumerable<RunSummary> runs)
    {
        var queue = new Queue(state);
        var waiting = runs.Count(run =>
            run.Status == RunStatus.Queued && queue.Holds(run.Folder));
        return waiting == 0 || Supervisors.Lives(state) ? null
            : $"{(waiting == 1 ? "A run waits" : $"{waiting} runs wait")}, and no supervisor is there "
                + "to begin: synthsae supervise --detach";
    }
}
