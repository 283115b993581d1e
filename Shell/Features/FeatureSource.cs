using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Features;

/// <summary>What became of the features in one SAE of a run, or why that cannot be told.</summary>
/// <param name="Summary">Shares and heat map; null if there are none.</param>
/// <param name="Rows">All features; null if there are none.</param>
/// <param name="Problem">Why something is missing; null if nothing is.</param>
internal sealed record FeatureReading(
    FeatureSummary? Summary, IReadOnlyList<FeatureRow>? Rows, string? Problem);

/// <summary>Where the features' files of one SAE of a run lie.</summary>
/// <param name="Label">The SAE, as its folder is named.</param>
/// <param name="Folder">Where they lie, or would.</param>
internal sealed record FeatureSource(string Label, string Folder)
{
    /// <summary>One for each SAE of a run, in their order; at least one.</summary>
    public static IReadOnlyList<FeatureSource> OfRun(string runFolder)
    {
        var run = RunFolder.Open(runFolder);
        return [.. run.SaeFolders.Select(sae =>
            new FeatureSource(Path.GetFileName(sae), run.TablesFolder(sae)))];
    }

    /// <summary>Read both files.</summary>
    public FeatureReading Read()
    {
        try
        {
            var summary = Path.Combine(Folder, RecoveryFiles.Summary);
            var table = Path.Combine(Folder, RecoveryFiles.Table);
            return File.Exists(summary) && File.Exists(table)
                ? new FeatureReading(
                    FeatureSummaryFile.Read(summary), FeatureTable.Read(table), null)
                : new FeatureReading(null, null, Absence());
        }
        catch (BadInput error)
        {
            return new FeatureReading(null, null, error.Message);
        }
    }

    private string Absence()
    {
        var run = RunFolder.Is(Folder) ? RunFolder.Open(Folder) : RunFolder.Holding(Folder);
        if (run is null)
        {
            return "there is no run any more";
        }

        var spec = StatusFile.TryRead(run.RunFile)?.Field("spec");
        return spec.Field("activations") is not null
                ? "of activations in files no true features are known"
            : run.IsFinished
                ? "the run left none, as of an older version or not scored at its end: "
                    + $"synthsae eval {Shown} --features --out {Shown} makes them"
            : "there is nothing yet: features are judged when the run is scored at its end";
    }

    private string Shown =>
        Path.GetRelativePath(Environment.CurrentDirectory, Folder) is var relative
        && !relative.StartsWith("..", StringComparison.Ordinal)
            ? relative
            : Folder;
}
