using System.Globalization;
using System.Text.Json.Nodes;

namespace SynthSae.Store;

/// <summary>
/// Fields of objects that other versions of the program, or others altogether, may have written:
/// what is missing or of another kind counts as not known.
/// </summary>
internal static class JsonReading
{
    /// <summary>A field of an object; null where there is none.</summary>
    public static JsonNode? Field(this JsonNode? json, string name) =>
        json is JsonObject fields && fields.TryGetPropertyValue(name, out var value) ? value : null;

    /// <summary>A text; null if it is none.</summary>
    public static string? Text(this JsonNode? json, string name) =>
        json.Field(name) is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>A number; NaN if it is none.</summary>
    public static double Number(this JsonNode? json, string name) =>
        json.Field(name) is JsonValue value && value.TryGetValue(out double number)
            ? number
            : double.NaN;

    /// <summary>A whole number that fits into the range of its kind.</summary>
    public static long Whole(this JsonNode? json, string name, long otherwise) =>
        json.Number(name) is >= int.MinValue and <= 1L << 53 and var number && number % 1 == 0
            ? (long)number
            : otherwise;

    /// <summary>A moment in UTC; null if it is none.</summary>
    public static DateTime? Time(this JsonNode? json, string name) =>
        DateTime.TryParse(
            json.Text(name),
            CultureInfo.InvariantCulture,
            DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal,
            out var time)
            ? time
            : null;
}
