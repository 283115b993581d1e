using SynthSae.Dashboard;
using SynthSae.Dashboard.Runtime;
using SynthSae.Features;

namespace SynthSae.Tests.Dashboard;

/// <summary>
/// Made-up features: four trees of depth 2 and ten features outside, of all verdicts, as runs of one
/// and of two SAEs would have them.
/// </summary>
internal sealed class SomeFeatures : IEffectHandler
{
    private const int Roots = 4;
    private const int Trees = Roots * 13;

    /// <summary>Names of the SAEs that a run has; by default one.</summary>
    public IReadOnlyList<string> Saes { get; init; } = ["sae"];

    /// <summary>Why there is nothing to show; null if there is.</summary>
    public string? Problem { get; set; }

    /// <summary>What was asked for.</summary>
    public List<Effect.ReadFeatures> Asked { get; } = [];

    /// <summary>The features of an SAE.</summary>
    public static IReadOnlyList<FeatureRow> Rows(int sae = 0) =>
        [.. Enumerable.Range(0, Trees + 10).Select(feature => Row(feature, sae))];

    /// <summary>What would be read.</summary>
    public FeatureView View(int sae) =>
        Problem is null
            ? new FeatureView(Saes, Summary(Rows(sae)), new FeatureForest(Rows(sae)), null)
            : new FeatureView(Saes, null, null, Problem);

    public IEnumerable<Msg>? Handle(Effect effect)
    {
        if (effect is not Effect.ReadFeatures read)
        {
            return null;
        }

        Asked.Add(read);
        return [new Msg.FeaturesRead(read.Run, read.Sae, View(read.Sae))];
    }

    private static FeatureRow Row(int feature, int sae)
    {
        // Roots 0–3; three children each, 4–15; three of each of these, 16–51.
        var depth = feature < Roots ? 0 : feature < 4 * Roots ? 1 : feature < Trees ? 2 : -1;
        var parent = depth switch
        {
            1 => (feature - Roots) / 3,
            2 => Roots + ((feature - (4 * Roots)) / 3),
            _ => -1,
        };
        var verdict = feature == 1 ? FeatureVerdict.Absorbed
            : feature % 11 == 10 - sae ? FeatureVerdict.Split
            : feature % 9 == 7 ? FeatureVerdict.Absorbed
            : feature > 30 || feature % 7 == 5 ? FeatureVerdict.Missed
            : FeatureVerdict.Recovered;
        var f1 = verdict == FeatureVerdict.Recovered
            ? 0.8 + (0.19 * (feature % 5) / 4)
            : 0.1 + (0.01 * feature);
        var best = new FeatureDetector(feature, 0.9 - (0.01 * feature), f1, f1, f1);
        return new FeatureRow(
            feature,
            depth,
            parent,
            0.4 / (1 + feature),
            feature == 60 ? 0 : 0.3 / (1 + feature),
            feature == 60 ? double.NaN : 4.0 + (0.02 * (feature % 40)),
            best with { Latent = feature % 8 == 3 ? feature + 100 : feature },
            best,
            verdict == FeatureVerdict.Missed ? 0 : verdict == FeatureVerdict.Split ? 3 : 1,
            f1,
            verdict == FeatureVerdict.Absorbed ? 0.42 : 0,
            verdict);
    }

    private static FeatureSummary Summary(IReadOnlyList<FeatureRow> rows)
    {
        var seen = rows.Where(row => row.Rate > 0).ToList();
        return new FeatureSummary(
            100_000,
            rows.Count,
            48,
            Group(seen),
            rows.Count - seen.Count,
            [.. new[] { 0, 1, 2, -1 }.Select(depth =>
                new FeatureDepth(depth, Group(seen.Where(row => row.Depth == depth))))],
            [.. Bins([0.0045, 0.01, 0.02, 0.05, 0.1, 0.3], seen, row => row.Rate)],
            [.. Bins([4, 4.2, 4.4, 4.6, 4.8], seen, row => row.MeanMagnitude)],
            [.. Enumerable.Range(0, 24).Select(row =>
                (IReadOnlyList<double>)[.. Enumerable.Range(0, 31).Select(column =>
                    row == column ? 1 - (0.02 * row) : 0.01 * ((row * column) % 17))])]);
    }

    private static IEnumerable<FeatureBin> Bins(
        double[] bounds, IReadOnlyList<FeatureRow> rows, Func<FeatureRow, double> figure) =>
        bounds.Zip(bounds[1..]).Select(bound => new FeatureBin(
            bound.First,
            bound.Second,
            Group(rows.Where(row => figure(row) >= bound.First && figure(row) < bound.Second))));

    private static FeatureGroup Group(IEnumerable<FeatureRow> rows)
    {
        var all = rows.ToList();
        return new FeatureGroup(
            all.Count,
            [.. FeatureVerdicts.All.Select(verdict => all.Count(row => row.Verdict == verdict))],
            all.Select(row => row.Best.F1).DefaultIfEmpty(double.NaN).Average(),
            all.Select(row => row.Nearest.Cosine).DefaultIfEmpty(double.NaN).Average());
    }
}
