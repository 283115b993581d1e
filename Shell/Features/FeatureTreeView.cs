using System.Collections.Immutable;

namespace SynthSae.Features;

/// <summary>A line of a tree that is looked at.</summary>
/// <param name="Node">A feature, or <see cref="FeatureForest.Outside"/>.</param>
/// <param name="Level">How many nodes stand above it.</param>
/// <param name="IsOpen">The nodes below it are lines, too.</param>
internal readonly record struct FeatureLine(int Node, int Level, bool IsOpen);

/// <summary>Which part of a forest is looked at, and where. An immutable value.</summary>
internal sealed record FeatureTreeView
{
    private FeatureTreeView(FeatureForest forest) => Forest = forest;

    /// <summary>The forest.</summary>
    public FeatureForest Forest { get; }

    /// <summary>The lines, from the top.</summary>
    public ImmutableArray<FeatureLine> Lines { get; private init; } = [];

    /// <summary>The line that keys act on; -1 if there are none.</summary>
    public int At { get; private init; } = -1;

    /// <summary>Only features with this verdict, and those above them; null: all.</summary>
    public FeatureVerdict? Only { get; private init; }

    private ImmutableHashSet<int> Open { get; init; } = [];

    /// <summary>The node of the selected line; null if there is none.</summary>
    public int? Node => At >= 0 ? Lines[At].Node : null;

    /// <summary>A forest of which only the roots are seen.</summary>
    public static FeatureTreeView Of(FeatureForest forest) =>
        new FeatureTreeView(forest).Arranged(null);

    /// <summary>
    /// The same nodes open in a forest of the same features; all shut if they are others.
    /// </summary>
    public FeatureTreeView Over(FeatureForest forest)
    {
        var same = forest.Rows.Count == Forest.Rows.Count
            && forest.Rows.Zip(Forest.Rows).All(pair =>
                pair.First.Parent == pair.Second.Parent && pair.First.Depth == pair.Second.Depth);
        return same
            ? new FeatureTreeView(forest) { Open = Open, Only = Only }.Arranged(Node)
            : Of(forest);
    }

    /// <summary>Up or down by so many lines.</summary>
    public FeatureTreeView Move(int by) =>
        Lines.IsEmpty ? this
        : this with { At = (int)Math.Clamp((long)At + by, 0, Lines.Length - 1) };

    /// <summary>Show the nodes below the selected one; where they are, go to the first.</summary>
    public FeatureTreeView Enter() =>
        Node is not { } node || Forest.Children(node).Count == 0 ? this
        : Lines[At].IsOpen ? Move(1)
        : (this with { Open = Open.Add(node) }).Arranged(node);

    /// <summary>
    /// Hide the nodes below the selected one; where none is seen, go to the one above.
    /// </summary>
    public FeatureTreeView Leave() =>
        Node is not { } node ? this
        : Lines[At].IsOpen && Only is null ? (this with { Open = Open.Remove(node) }).Arranged(node)
        : Forest.Parent(node) is { } parent ? Select(parent)
        : this;

    /// <summary>Show or hide the nodes below the selected one.</summary>
    public FeatureTreeView Toggle() =>
        At >= 0 && Lines[At].IsOpen ? Leave() : Enter();

    /// <summary>Show all nodes, or only the roots.</summary>
    public FeatureTreeView All(bool open) =>
        (this with { Open = open ? [.. Forest.InOrder()] : [] })
            .Arranged(open ? Node : Node is { } node ? Root(node) : null);

    /// <summary>Show only features with a verdict, or all.</summary>
    public FeatureTreeView Show(FeatureVerdict? only) => (this with { Only = only }).Arranged(Node);

    /// <summary>Select a node, open what is above it, and drop a filter that hides it.</summary>
    public FeatureTreeView Select(int node)
    {
        var open = Open;
        for (var above = Forest.Parent(node); above is { } parent; above = Forest.Parent(parent))
        {
            open = open.Add(parent);
        }

        var view = (this with { Open = open }).Arranged(node);
        return view.Node == node ? view : (view with { Only = null }).Arranged(node);
    }

    /// <summary>
    /// Go to the next feature with one of some verdicts, also below nodes that are shut; to the
    /// first one after the last. Unchanged if there is none.
    /// </summary>
    /// <param name="verdicts">Which.</param>
    /// <param name="forward">Down; else up.</param>
    public FeatureTreeView Next(IReadOnlyCollection<FeatureVerdict> verdicts, bool forward)
    {
        var order = Forest.InOrder().ToList();
        var from = Node is { } node ? order.IndexOf(node) : -1;
        for (var step = 1; step <= order.Count; step++)
        {
            var at = forward ? from + step : Math.Max(from, 0) - step;
            var next = order[(at + order.Count) % order.Count];
            if (next != FeatureForest.Outside && verdicts.Contains(Forest.Rows[next].Verdict))
            {
                return Select(next);
            }
        }

        return this;
    }

    private int Root(int node)
    {
        while (Forest.Parent(node) is { } parent)
        {
            node = parent;
        }

        return node;
    }

    // The lines anew; the selection stays on a node, or on the nearest one above it that is a line.
    private FeatureTreeView Arranged(int? selected)
    {
        var lines = ImmutableArray.CreateBuilder<FeatureLine>();
        var waiting = new Stack<(int Node, int Level)>(
            Forest.Roots.Reverse().Select(root => (root, 0)));
        while (waiting.TryPop(out var next))
        {
            var (node, level) = next;
            if (IsHidden(node))
            {
                continue;
            }

            var children = Forest.Children(node);
            var isOpen = children.Count > 0
                && (Only is null ? Open.Contains(node) : ShowsBelow(node));
            lines.Add(new FeatureLine(node, level, isOpen));
            for (var child = children.Count - 1; isOpen && child >= 0; child--)
            {
                waiting.Push((children[child], level + 1));
            }
        }

        var view = this with { Lines = lines.ToImmutable() };
        return view with { At = view.Find(selected) };
    }

    private int Find(int? node)
    {
        for (var at = node; at is { } one; at = Forest.Parent(one))
        {
            for (var line = 0; line < Lines.Length; line++)
            {
                if (Lines[line].Node == one)
                {
                    return line;
                }
            }
        }

        return Lines.Length > 0 ? 0 : -1;
    }

    private bool IsHidden(int node) => Only is { } only && Forest.Count(node, only) == 0;

    private bool ShowsBelow(int node) =>
        Only is { } only && Forest.Children(node).Any(child => Forest.Count(child, only) > 0);
}
