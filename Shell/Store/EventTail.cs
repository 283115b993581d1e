using System.Text;
using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>The last whole lines of a run's log, the newest first.</summary>
internal static class EventTail
{
    private const int Enough = 1 << 16;

    /// <summary>Events that were logged last; none if the log cannot be read.</summary>
    public static IEnumerable<JsonObject> Read(RunFolder folder)
    {
        foreach (var line in Lines(folder.EventsFile).Reverse())
        {
            if (Json.TryObject(line) is { } json)
            {
                yield return json;
            }
        }
    }

    // Where the end begins in the middle of a line, or a line is torn, that is no JSON.
    private static string[] Lines(string file)
    {
        try
        {
            var share = FileShare.ReadWrite | FileShare.Delete;
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, share);
            stream.Position = Math.Max(0, stream.Length - Enough);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var text = reader.ReadToEnd();
            return text[..(text.LastIndexOf('\n') + 1)].Split('\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
