using System.Text.Json.Nodes;
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

    /// <summary>Put them into a run's folder.</summary>
    public void Write(RunFolder folder) => RunFolder.WriteJson(folder.LabelsFile, ToJson());

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
            .Select(tag => tag is JsonValue value && value.TryGetValue(out string? text) ? text : null)
            .OfType<string>();
        return new RunLabels(Sorted(tags), json.Text("note"));
    }

    private static IReadOnlyList<string> Sorted(IEnumerable<string> tags) =>
        [.. tags.Distinct().Order(StringComparer.Ordinal)];
}
