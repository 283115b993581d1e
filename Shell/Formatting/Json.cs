using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SynthSae.Formatting;

/// <summary>JSON as this program writes it.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions Compact = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Spacious = new(Compact) { WriteIndented = true };

    /// <summary>On one line.</summary>
    public static string Line(JsonNode node) => node.ToJsonString(Compact);

    /// <summary>Indented, with a newline at the end.</summary>
    public static string Pretty(JsonNode node) => node.ToJsonString(Spacious) + "\n";

    /// <summary>The object that a text holds; null if it holds none.</summary>
    public static JsonObject? TryObject(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            return null; // ArgumentException: a field given twice
        }
    }

    /// <summary>A number; null for infinities and NaN, which JSON does not have.</summary>
    public static JsonNode? Number(double value) =>
        double.IsFinite(value) ? JsonValue.Create(value) : null;

    /// <summary>Numbers by name.</summary>
    public static JsonObject Numbers(IEnumerable<KeyValuePair<string, double>> values) =>
        new(values.Select(value => KeyValuePair.Create(value.Key, Number(value.Value))));

    /// <summary>Seconds to the millisecond.</summary>
    public static JsonNode? Seconds(TimeSpan span) => Number(Math.Round(span.TotalSeconds, 3));
}
