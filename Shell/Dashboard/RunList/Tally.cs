using SynthSae.Store;

namespace SynthSae.Dashboard.RunList;

/// <summary>How many runs are in which state.</summary>
internal static class Tally
{
    private static readonly RunStatus[] Interesting =
    [
        RunStatus.Running, RunStatus.Queued, RunStatus.Paused, RunStatus.Stopped,
        RunStatus.Interrupted, RunStatus.Failed, RunStatus.Finished,
    ];

    /// <summary>"2 running, 1 queued, 9 finished".</summary>
    public static string Words(IReadOnlyList<RunSummary> runs) =>
        string.Join(", ", Counts(runs).Select(item => $"{item.Count} {item.Status.Word()}"));

    /// <summary>"2R 1Q 9F".</summary>
    public static string Short(IReadOnlyList<RunSummary> runs) =>
        string.Join(' ', Counts(runs).Select(item => $"{item.Count}{item.Status.Letter()}"));

    private static IEnumerable<(RunStatus Status, int Count)> Counts(IReadOnlyList<RunSummary> runs)
    {
        var counts = runs
            .GroupBy(run => run.Status)
            .ToDictionary(set => set.Key, set => set.Count());
        return Interesting.Where(counts.ContainsKey).Select(status => (status, counts[status]));
    }
}
