using System.Globalization;
using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Reports;

/// <summary>
/// A specification as a table of its fields, by the names that <c>--set</c> takes.
/// </summary>
internal static class SpecReport
{
    private const int LongList = 6;

    /// <summary>The fields of an object; those in <paramref name="apart"/> are left out.</summary>
    public static void Write(JsonObject spec, Host host, params string[] apart)
    {
        var table = new TextTable(new(""), new(""));
        foreach (var (name, value) in spec.Where(field => !apart.Contains(field.Key)))
        {
            table.Add("  " + name, Words(value));
        }

        table.Write(host.Out, host.Width);
    }

    private static string Words(JsonNode? value) =>
        value switch
        {
            null => "none",
            JsonObject fields => Object(fields),
            JsonArray list => List(list),
            _ => Scalar(value.AsValue()),
        };

    // The generator's name first, then what it is given; fields without a value say nothing.
    private static string Object(JsonObject fields)
    {
        const string generator = "generator_name";
        var parts = fields
            .Where(field => field.Key != generator && field.Value is not null)
            .Select(field => $"{field.Key} {Words(field.Value)}");
        var text = string.Join(", ", parts);
        return fields[generator] is { } name ? $"{name}: {text}" : text;
    }

    private static string List(JsonArray list) =>
        list.Count <= LongList
            ? $"[{string.Join(", ", list.Select(Words))}]"
            : $"{Counts.Exact(list.Count)} entries: {Words(list[0])}, {Words(list[1])} … "
                + Words(list[^1]);

    private static string Scalar(JsonValue value) =>
        value.TryGetValue<bool>(out var flag) ? (flag ? "yes" : "no")
        : value.TryGetValue<long>(out var count) && Math.Abs(count) >= 1000 ? Counts.Exact(count)
        : value.TryGetValue<double>(out var number)
            ? number.ToString("0.######", CultureInfo.InvariantCulture)
        : value.ToString();
}
