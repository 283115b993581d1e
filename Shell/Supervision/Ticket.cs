using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Formatting;

namespace SynthSae.Supervision;

/// <summary>A run's place in the queue.</summary>
/// <param name="Run">The run folder, absolute.</param>
/// <param name="Device">Where it wants to be computed.</param>
/// <param name="Priority">Higher ones come first.</param>
/// <param name="Order">Among equal priorities lower ones come first: the time of queuing in
///   ticks.</param>
/// <param name="Folder">The working folder of the worker.</param>
/// <param name="Threads">Threads to compute with; null for the slot's share.</param>
/// <param name="Anew">Begin from the first step where there is no checkpoint, although the run has
///   begun before.</param>
internal sealed record Ticket(
    string Run,
    DeviceWish Device,
    int Priority,
    long Order,
    string Folder,
    int? Threads = null,
    bool Anew = false)
{
    private const int Schema = 1;
    private const int LongestName = 120;

    /// <summary>
    /// The file's name: one for each run folder, however often it is queued, and readable.
    /// </summary>
    public static string FileName(string run)
    {
        var full = Path.GetFullPath(run);
        var name = Path.GetFileName(full);
        var start = name.Length > LongestName ? name[..LongestName] : name;
        return $"{start}.{Checksum.fnv1a(full)[..12]}.json";
    }

    /// <summary>As an object.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["schema"] = Schema,
            ["run"] = Run,
            ["device"] = Device.ToString(),
            ["priority"] = Priority,
            ["order"] = Order,
            ["folder"] = Folder,
            ["threads"] = Threads,
            ["anew"] = Anew,
        };

    /// <summary>Read what <see cref="ToJson"/> wrote; null if it is damaged.</summary>
    public static Ticket? Parse(string text)
    {
        try
        {
            return Json.TryObject(text) is { } json
                && (int?)json["schema"] == Schema
                && (string?)json["run"] is { } run
                && Path.IsPathRooted(run)
                && DeviceWish.Parse((string?)json["device"] ?? "") is { } device
                && (int?)json["priority"] is { } priority
                && (long?)json["order"] is { } order
                ? new Ticket(
                    run,
                    device,
                    priority,
                    order,
                    (string?)json["folder"] ?? "/",
                    (int?)json["threads"],
                    (bool?)json["anew"] ?? false)
                : null;
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException)
        {
            return null; // a value of another kind
        }
    }
}
