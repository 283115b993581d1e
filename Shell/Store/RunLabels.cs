using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>What people say of a run: the content of <c>labels.json</c>.</summary>
/// <param name="Tags">Words to find runs by, in the order of the alphabet.</param>
/// <param name="Note">A remark; null for none.</param>
internal sealed record RunLabels(IReadOnlyList<string> Tags, string? Note)
{
    /// <summary>Nothing said.</summary>
    public static RunLabels None { get; } = new([], null);

    /// <summary>With a tag, which may be there already.</summary>
    public RunLabels With(string tag) => this with { Tags = Sorted(Tags.Append(tag)) };

    /// <summary>Without a tag.</summary>
    public RunLabels Without(string tag) => this with { Tags = [.. Tags.Where(one => one != tag)] };

    /// <summary>Labels of a run's folder; what cannot be read counts as none.</summary>
    public static RunLabels Read(RunFolder folder) =>
        StatusFile.TryRead(folder.LabelsFile) is { } json ? OfJson(json) : None;

    /// <summary>
    /// Change those of a run's folder, one process after another; what they are now.
    /// </summary>
    public static RunLabels Change(RunFolder folder, Func<RunLabels, RunLabels> change)
    {
        // The folder of requests has a lock of its own beside that of the run.
        Files.CreateFolder(folder.ControlFolder);
        using var held = FolderLock.Take(folder.ControlFolder);
        var before = Read(folder);
        var labels = change(before);
        if (Json.Line(labels.ToJson()) != Json.Line(before.ToJson()))
        {
            RunFolder.WriteJson(folder.LabelsFile, labels.ToJson());
        }

        return labels;
    }

    /// <summary>As an object.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["tags"] = new JsonArray([.. Tags.Select(tag => JsonValue.Create(tag))]),
            ["note"] = Note,
        };

    /// <summary>Read what <see cref="ToJson"/> wrote.</summary>
    public static RunLabels OfJson(JsonObject json)
    {
        var tags = (json.Field("tags") as JsonArray ?? [])
            .Select(tag =>
                tag is JsonValue value && value.TryGetValue(out string? text) ? text : null)
            .OfType<string>();
        return new RunLabels(Sorted(tags), json.Text("note"));
    }

    private static IReadOnlyList<string> Sorted(IEnumerable<string> tags) =>
        [.. tags.Distinct().Order(StringComparer.Ordinal)];
}
