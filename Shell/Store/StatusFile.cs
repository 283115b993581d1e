using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>The file in which a run says what it is doing.</summary>
internal static class StatusFile
{
    /// <summary>
    /// Write it whole. It is not forced onto the disk: what a loss of power takes of it, the log of
    /// events still tells.
    /// </summary>
    public static void Write(RunFolder folder, RunSnapshot snapshot) =>
        AtomicFile.replaceText(folder.StatusFile, Json.Pretty(snapshot.ToJson()));

    /// <summary>The last word; null if there is none that can be read.</summary>
    public static RunSnapshot? Read(RunFolder folder) =>
        TryRead(folder.StatusFile) is { } json ? RunSnapshot.OfJson(json) : null;

    /// <summary>The object in a file; null if there is none that can be read.</summary>
    public static JsonObject? TryRead(string file)
    {
        try
        {
            return Json.TryObject(File.ReadAllText(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
