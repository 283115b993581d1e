using SynthSae.Compute;

namespace SynthSae.Core;

/// <summary>The files that say what became of each true feature in an SAE.</summary>
internal static class RecoveryFiles
{
    /// <summary>One row per feature.</summary>
    public const string Table = "features.csv";

    /// <summary>How recovery depends on what a feature is like, and the heat map.</summary>
    public const string Summary = "recovery.json";

    /// <summary>Write both into a folder.</summary>
    public static void Write(string folder, Recovery recovery)
    {
        Files.WriteText(Path.Combine(folder, Table), RecoveryReport.toCsv(recovery));
        Files.WriteText(Path.Combine(folder, Summary), RecoveryReport.toJson(recovery));
    }
}
