using SynthSae.Compute;

namespace SynthSae.Features;

/// <summary>What became of the features in one SAE of a run, ready to be looked at.</summary>
/// <param name="Saes">Names of all SAEs of the run.</param>
/// <param name="Summary">Shares and heat map; null where there are none.</param>
/// <param name="Forest">All features; null where there are none.</param>
/// <param name="Problem">Why something is missing; null if nothing is.</param>
internal sealed record FeatureView(
    IReadOnlyList<string> Saes, FeatureSummary? Summary, FeatureForest? Forest, string? Problem)
{
    /// <summary>Read that of an SAE, counted from 0, of the run in a folder.</summary>
    public static FeatureView Read(string runFolder, int sae)
    {
        try
        {
            var sources = FeatureSource.OfRun(runFolder);
            string[] names = [.. sources.Select(source => source.Label)];
            if (sae >= sources.Count)
            {
                return new FeatureView(names, null, null, "there is no such SAE any more");
            }

            var (summary, rows, problem) = sources[sae].Read();
            return new FeatureView(
                names, summary, rows is null ? null : new FeatureForest(rows), problem);
        }
        catch (BadInput error)
        {
            return new FeatureView([], null, null, error.Message);
        }
    }
}
