using SynthSae.Store;

namespace SynthSae.Dashboard.RunList;

/// <summary>Puts runs of a sweep together.</summary>
internal static class RunRows
{
    /// <summary>
    /// Rows for sorted runs. A sweep stands where the first of its runs does, unfolded in their
    /// order.
    /// </summary>
    public static IReadOnlyList<RunRow> Of(
        IReadOnlyList<RunSummary> sorted, bool grouped, IReadOnlySet<string> folded)
    {
        if (!grouped)
        {
            return [.. sorted.Select(run => new RunRow.One(run, false))];
        }

        var members = sorted.ToLookup(run => run.Sweep);
        var rows = new List<RunRow>(sorted.Count);
        var seen = new HashSet<string>();
        foreach (var run in sorted)
        {
            if (run.Sweep is not { } sweep)
            {
                rows.Add(new RunRow.One(run, false));
            }
            else if (seen.Add(sweep))
            {
                var isFolded = folded.Contains(sweep);
                rows.Add(new RunRow.Group(sweep, [.. members[sweep]], isFolded));
                rows.AddRange(isFolded
                    ? []
                    : members[sweep].Select(member => new RunRow.One(member, true)));
            }
        }

        return rows;
    }
}
