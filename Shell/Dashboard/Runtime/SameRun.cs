using System.Diagnostics.CodeAnalysis;
using SynthSae.Store;

namespace SynthSae.Dashboard.Runtime;

/// <summary>
/// Whether two summaries say the same of a run: what it reports has the time of the report.
/// </summary>
internal sealed class SameRun : IEqualityComparer<RunSummary>
{
    public static SameRun Comparer { get; } = new();

    public bool Equals(RunSummary? x, RunSummary? y) =>
        ReferenceEquals(x, y)
        || (x is not null && y is not null && x.Id == y.Id && x.Status == y.Status
            && x.Snapshot.Updated == y.Snapshot.Updated
            && x.Snapshot.Message == y.Snapshot.Message
            && x.Checkpoint == y.Checkpoint
            && x.Labels.Note == y.Labels.Note
            && x.Labels.Tags.SequenceEqual(y.Labels.Tags));

    public int GetHashCode([DisallowNull] RunSummary obj) => obj.Id.GetHashCode();
}
