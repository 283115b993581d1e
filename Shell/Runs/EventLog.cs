using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Formatting;

namespace SynthSae.Runs;

/// <summary>
/// The append-only record of a run: one JSON object per line, each with <c>time</c> and
/// <c>event</c>. A line is written in one piece, so that a reader never sees half of one that ends
/// in a newline.
/// </summary>
internal sealed class EventLog(string path) : IDisposable
{
    private readonly AppendOnlyFile _file = new(path);
    private readonly Lock _lock = new();

    /// <summary>Append an event with its fields.</summary>
    public void Append(string name, params (string Key, JsonNode? Value)[] fields)
    {
        var line = new JsonObject
        {
            ["time"] = Timestamps.Milliseconds(DateTime.UtcNow),
            ["event"] = name,
        };
        foreach (var (key, value) in fields)
        {
            line[key] = value;
        }

        lock (_lock)
        {
            _file.Add(Json.Line(line));
        }
    }

    public void Dispose() => ((IDisposable)_file).Dispose();
}
