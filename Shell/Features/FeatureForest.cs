using System.Collections.Immutable;

namespace SynthSae.Features;

/// <summary>
/// Features as trees, and in each place what became of all below it. The features outside the
/// hierarchy stand under a node of their own, <see cref="Outside"/>.
/// </summary>
internal sealed class FeatureForest
{
    private readonly int[][] _children;
    private readonly int[] _below;

    /// <summary>Put features together; sisters by falling rate.</summary>
    public FeatureForest(IReadOnlyList<FeatureRow> rows)
    {
        Rows = rows;
        _children = [.. rows.Select(_ => Array.Empty<int>())];
        foreach (var family in rows.Where(row => row.Parent >= 0).GroupBy(row => row.Parent))
        {
            _children[family.Key] = Sorted(family);
        }

        var roots = Sorted(rows.Where(row => row.Parent < 0 && row.Depth >= 0));
        Others = Sorted(rows.Where(row => row.Parent < 0 && row.Depth < 0));
        Roots = Others.Count > 0 && roots.Length > 0 ? [.. roots, Outside]
            : roots.Length > 0 ? [.. roots]
            : Others;
        _below = Sums();
    }

    /// <summary>
    /// The node of the features outside the hierarchy, where there is a hierarchy.
    /// </summary>
    public const int Outside = -1;

    /// <summary>All features.</summary>
    public IReadOnlyList<FeatureRow> Rows { get; }

    /// <summary>Nodes that stand below none.</summary>
    public IReadOnlyList<int> Roots { get; }

    private IReadOnlyList<int> Others { get; }

    /// <summary>The nodes right below one.</summary>
    public IReadOnlyList<int> Children(int node) => node == Outside ? Others : _children[node];

    /// <summary>The node above one; null for a root.</summary>
    public int? Parent(int node) =>
        node == Outside ? null
        : Rows[node].Parent >= 0 ? Rows[node].Parent
        : Rows[node].Depth < 0 && Roots.Count > 0 && Roots[^1] == Outside ? Outside
        : null;

    /// <summary>How many features at a node and below it have a verdict.</summary>
    public int Count(int node, FeatureVerdict verdict) =>
        node == Outside
            ? Others.Sum(feature => Count(feature, verdict))
            : _below[(node * FeatureVerdicts.All.Count) + (int)verdict];

    /// <summary>All nodes, each before those below it.</summary>
    public IEnumerable<int> InOrder()
    {
        var waiting = new Stack<int>(Roots.Reverse());
        while (waiting.TryPop(out var node))
        {
            yield return node;
            foreach (var child in Children(node).Reverse())
            {
                waiting.Push(child);
            }
        }
    }

    private static int[] Sorted(IEnumerable<FeatureRow> rows) =>
    [
        .. rows.OrderByDescending(row => row.NominalRate)
            .ThenBy(row => row.Feature)
            .Select(row => row.Feature),
    ];

    private int[] Sums()
    {
        var kinds = FeatureVerdicts.All.Count;
        var sums = new int[Rows.Count * kinds];
        var order = InOrder().Where(node => node != Outside).ToImmutableArray();
        for (var at = order.Length - 1; at >= 0; at--)
        {
            var row = Rows[order[at]];
            sums[(row.Feature * kinds) + (int)row.Verdict]++;
            for (var kind = 0; kind < kinds && row.Parent >= 0; kind++)
            {
                sums[(row.Parent * kinds) + kind] += sums[(row.Feature * kinds) + kind];
            }
        }

        return sums;
    }
}
