using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>What somebody who looks at runs that wait should know of the queue.</summary>
internal static class QueueRemark
{
    /// <summary>
    /// Why runs that wait do not begin, and what to type, a line each; none where all is well.
    /// </summary>
    public static IEnumerable<string> Of(StateFolder state, IEnumerable<RunSummary> runs)
    {
        var queue = new Queue(state);
        // The runs of a sweep may wait in the queue of a cluster.
        var queued = runs
            .Where(run => run.Status == RunStatus.Queued && run.Sweep is null)
            .ToLookup(run => queue.Holds(run.Folder));
        if (queued[true].Any() && !Supervisors.Lives(state))
        {
            yield return $"{Count(queued[true].Count(), "waits", "wait")}, and no supervisor is "
                + "there to begin: synthsae supervise --detach";
        }

        if (queued[false].Any())
        {
            yield return $"{Count(queued[false].Count(), "is", "are")} not in the queue of this "
                + $"machine; to put one there: synthsae resume {queued[false].First().Id}";
        }
    }

    private static string Count(int count, string one, string several) =>
        count == 1 ? $"1 queued run {one}" : $"{count} queued runs {several}";
}
