using SynthSae.Core;
using SynthSae.Formatting;

namespace SynthSae.Reports;

/// <summary>
/// Draws a forest of features: counts by depth, and the beginning of the first tree.
/// </summary>
internal sealed class ForestReport(ForestView view, TextWriter writer)
{
    private const int ShownChildren = 2;

    /// <summary>Write all of it; one line if there are no trees.</summary>
    public void Write()
    {
        var forest = view.Forest;
        if (forest.Roots == 0)
        {
            writer.WriteLine("No hierarchy: every feature may be active by itself.");
            return;
        }

        writer.WriteLine(
            $"Forest: {Counts.Exact(view.Inside)} of {Counts.Exact(view.Features)} features in "
            + $"{Counts.Exact(forest.Roots)} trees. A child is active only where its parent is.");
        writer.WriteLine();
        WriteDepths();
        writer.WriteLine();
        WriteTree(0);
        if (forest.Roots > 1)
        {
            writer.WriteLine($"… and {Counts.Exact(forest.Roots - 1)} more trees");
        }
    }

    private void WriteDepths()
    {
        var table = new TextTable(
            new("depth"),
            new("features", Right: true),
            new("sum of probabilities", Right: true),
            new("parents", Right: true),
            new("with exclusive children", Right: true));
        for (var depth = 0; depth <= view.MaxDepth; depth++)
        {
            var nodes = Enumerable.Range(0, view.Forest.Nodes)
                .Where(node => view.Forest.Depth[node] == depth).ToList();
            AddRow(table, $"{depth}", nodes);
        }

        var outside = Enumerable.Range(0, view.Features)
            .Where(feature => view.Forest.NodeOfFeature[feature] < 0).ToList();
        if (outside.Count > 0)
        {
            var sum = outside.Sum(feature => (double)view.Probability[feature]);
            table.Add("outside", Counts.Exact(outside.Count), Numbers.Short(sum));
        }

        table.Write(writer);
    }

    private void AddRow(TextTable table, string name, List<int> nodes)
    {
        var features = nodes.Select(node => view.Forest.Feature[node])
            .Where(feature => feature >= 0).ToList();
        var parents = nodes.Where(node => view.Children(node).Count > 0).ToList();
        table.Add(
            name,
            Counts.Exact(features.Count),
            Numbers.Short(features.Sum(feature => (double)view.Probability[feature])),
            Counts.Exact(parents.Count),
            Counts.Exact(parents.Count(parent => view.Forest.ExclusiveChildren[parent])));
    }

    private void WriteTree(int root)
    {
        writer.WriteLine(Label(root));
        WriteChildren(root, "");
    }

    private void WriteChildren(int node, string indent)
    {
        var children = view.Children(node);
        // One more line is no better than the child that it would stand for.
        var shown = children.Count <= ShownChildren + 1 ? children.Count : ShownChildren;
        for (var i = 0; i < shown; i++)
        {
            var last = i == children.Count - 1;
            writer.WriteLine($"{indent}{(last ? "└─ " : "├─ ")}{Label(children[i])}");
            WriteChildren(children[i], indent + (last ? "   " : "│  "));
        }

        if (shown < children.Count)
        {
            writer.WriteLine($"{indent}└─ … {Counts.Exact(children.Count - shown)} more");
        }
    }

    private string Label(int node)
    {
        var feature = view.Forest.Feature[node];
        var name = feature < 0
            ? "(organises its children)"
            : $"feature {feature}  p {Numbers.Short(view.Probability[feature])}";
        var scaled = view.Forest.ScaledByParent[node] ? ", scaled by its parent" : "";
        return name + scaled + ChildrenWords(node);
    }

    private string ChildrenWords(int node)
    {
        var count = view.Children(node).Count;
        return count == 0 ? ""
            : view.Forest.ExclusiveChildren[node] ? $"; at most one of {count} children"
            : $"; {count} children, any of them";
    }
}
