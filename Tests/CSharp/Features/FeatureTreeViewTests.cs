using FsCheck;
using FsCheck.Fluent;
using SynthSae.Features;
using Xunit;

namespace SynthSae.Tests.Features;

/// <summary>Walking through forests of features.</summary>
public sealed class FeatureTreeViewTests
{
    /// <summary>A forest in which each feature has the parent given, or none (-1, -2: outside).</summary>
    private static FeatureForest Forest(params (int Parent, FeatureVerdict Verdict)[] features)
    {
        var rows = new List<FeatureRow>();
        foreach (var (parent, verdict) in features)
        {
            var depth = parent >= 0 ? rows[parent].Depth + 1 : parent == -1 ? 0 : -1;
            var none = new FeatureDetector(0, 0, 0, 0, 0);
            rows.Add(new FeatureRow(
                rows.Count, depth, Math.Max(parent, -1), 1.0 / (1 + rows.Count), 0.1, 1, none, none,
                0, 0, 0, verdict));
        }

        return new FeatureForest(rows);
    }

    private static Gen<FeatureForest> Forests { get; } =
        from count in Gen.Choose(1, 30)
        from seed in Gen.Choose(0, int.MaxValue - 1)
        select Random(count, new Random(seed));

    private static FeatureForest Random(int count, Random random)
    {
        var features = new (int, FeatureVerdict)[count];
        var outside = new HashSet<int>();
        for (var feature = 0; feature < count; feature++)
        {
            var parent = random.Next(-2, feature);
            parent = outside.Contains(parent) ? -1 : parent;
            if (parent == -2)
            {
                outside.Add(feature);
            }

            features[feature] = (parent, (FeatureVerdict)random.Next(4));
        }

        return Forest(features);
    }

    private static void ForAll(Action<FeatureForest> check) =>
        Prop.ForAll(Forests.ToArbitrary(), check).QuickCheckThrowOnFailure();

    private static int Wanted(FeatureForest forest, FeatureVerdict verdict) =>
        forest.Rows.Count(row => row.Verdict == verdict);

    [Fact]
    public void Open_everywhere_a_forest_shows_each_feature_once_below_its_parent() => ForAll(forest =>
    {
        var lines = FeatureTreeView.Of(forest).All(true).Lines;
        var features = lines.Select(line => line.Node).Where(node => node >= 0).Order();
        Assert.Equal(Enumerable.Range(0, forest.Rows.Count), features);
        for (var at = 0; at < lines.Length; at++)
        {
            var above = lines.Take(at).LastOrDefault(line => line.Level < lines[at].Level, new(-9, 0, true));
            Assert.Equal(forest.Parent(lines[at].Node), above.Node == -9 ? null : above.Node);
        }
    });

    [Fact]
    public void What_is_counted_below_the_roots_is_what_there_is() => ForAll(forest =>
        Assert.All(FeatureVerdicts.All, verdict => Assert.Equal(
            Wanted(forest, verdict), forest.Roots.Sum(root => forest.Count(root, verdict)))));

    [Fact]
    public void Jumps_come_by_each_feature_of_a_verdict_once_in_both_directions() => ForAll(forest =>
    {
        foreach (var verdict in FeatureVerdicts.All)
        {
            foreach (var forward in new[] { true, false })
            {
                var view = FeatureTreeView.Of(forest);
                var seen = new HashSet<int>();
                for (var jump = 0; jump < Wanted(forest, verdict); jump++)
                {
                    view = view.Next([verdict], forward);
                    Assert.Equal(verdict, forest.Rows[view.Node!.Value].Verdict);
                    Assert.True(seen.Add(view.Node.Value));
                }

                if (seen.Count == 0)
                {
                    Assert.Same(view, view.Next([verdict], forward));
                }
            }
        }
    });

    [Fact]
    public void A_filter_shows_all_features_of_a_verdict_and_only_those_above_them_beside() => ForAll(forest =>
    {
        foreach (var verdict in FeatureVerdicts.All)
        {
            var lines = FeatureTreeView.Of(forest).Show(verdict).Lines;
            Assert.Equal(Wanted(forest, verdict), lines.Count(line =>
                line.Node >= 0 && forest.Rows[line.Node].Verdict == verdict));
            Assert.All(lines, line => Assert.True(forest.Count(line.Node, verdict) > 0));
        }
    });

    [Fact]
    public void Any_feature_can_be_selected_also_one_that_a_filter_hides() => ForAll(forest =>
    {
        foreach (var only in FeatureVerdicts.All)
        {
            foreach (var row in forest.Rows)
            {
                Assert.Equal(row.Feature, FeatureTreeView.Of(forest).Show(only).Select(row.Feature).Node);
            }
        }
    });

    [Fact]
    public void The_selection_stays_when_nodes_are_shut_above_it_on_the_one_that_is_seen()
    {
        var forest = Forest(
            (-1, FeatureVerdict.Recovered),
            (0, FeatureVerdict.Missed),
            (1, FeatureVerdict.Missed),
            (-2, FeatureVerdict.Missed));
        var view = FeatureTreeView.Of(forest).Select(2);
        Assert.Equal(2, view.Node);
        Assert.Equal(0, view.All(false).Node);
        Assert.Equal(1, view.Leave().Node);
        Assert.Equal([0, FeatureForest.Outside], view.All(false).Lines.Select(line => line.Node));
    }

    [Fact]
    public void Without_a_hierarchy_features_stand_beside_each_other()
    {
        var forest = Forest((-2, FeatureVerdict.Missed), (-2, FeatureVerdict.Recovered));
        Assert.Equal([0, 1], FeatureTreeView.Of(forest).Lines.Select(line => line.Node));
        Assert.Null(forest.Parent(0));
    }
}
