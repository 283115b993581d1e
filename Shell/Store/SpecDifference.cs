using System.Text.Json.Nodes;
using SynthSae.Formatting;

namespace SynthSae.Store;

/// <summary>A field that runs do not have in common.</summary>
/// <param name="Path">E.g. <c>sae.k</c>, <c>synthetic_model.hierarchy.depth</c>.</param>
/// <param name="Values">Its value in each run as JSON; null where the run has no such
///   field.</param>
internal sealed record SpecDifference(string Path, IReadOnlyList<string?> Values)
{
    /// <summary>
    /// The fields in which specifications differ, in the order of the first ones.
    /// </summary>
    public static IReadOnlyList<SpecDifference> Of(IReadOnlyList<JsonObject> specs)
    {
        var flat = specs.Select(Flatten).ToList();
        return
        [
            .. flat.SelectMany(fields => fields.Keys)
                .Distinct()
                .Select(path => new SpecDifference(
                    path, [.. flat.Select(fields => fields.GetValueOrDefault(path))]))
                .Where(field => field.Values.Distinct().Count() > 1),
        ];
    }

    /// <summary>Every field that holds no other fields, by its path.</summary>
    public static IReadOnlyDictionary<string, string> Flatten(JsonObject spec)
    {
        var fields = new Dictionary<string, string>();
        Add("", spec);
        return fields;

        void Add(string path, JsonNode? node)
        {
            switch (node)
            {
                case JsonObject { Count: > 0 } inner:
                    foreach (var (name, value) in inner)
                    {
                        Add(path.Length == 0 ? name : $"{path}.{name}", value);
                    }

                    break;
                case JsonArray { Count: > 0 } list when list.Any(item => item is JsonObject):
                    foreach (var (index, item) in list.Index())
                    {
                        Add($"{path}[{index}]", item);
                    }

                    break;
                default:
                    fields[path] = node is null ? "null" : Json.Line(node);
                    break;
            }
        }
    }
}
