using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Store;

namespace SynthSae.Features;

/// <summary>Reads <c>recovery.json</c>.</summary>
internal static class FeatureSummaryFile
{
    /// <summary>The summary; raises what is wrong with the file.</summary>
    public static FeatureSummary Read(string path)
    {
        var json = Json.TryObject(Files.ReadText(path));
        if (json?.Whole("schema", 0) != 1)
        {
            throw Failure.BadInput(
                path, "is none of this version; make it anew with eval --features");
        }

        var map = HeatMap(json.Field("heat_map").Field("largest_cosine_percent"));
        if (map.Any(row => row.Count != map[0].Count))
        {
            throw Failure.BadInput(path, "has a heat map with rows of different lengths");
        }

        return new FeatureSummary(
            json.Whole("samples", 0),
            (int)json.Whole("features", 0),
            (int)json.Whole("latents", 0),
            Group(json.Field("all")),
            (int)json.Whole("never_active", 0),
            Items(json, "by_depth", item =>
                new FeatureDepth((int)item.Whole("depth", -1), Group(item))),
            Items(json, "by_rate", Bin),
            Items(json, "by_magnitude", Bin),
            map);
    }

    private static FeatureBin Bin(JsonNode? item) =>
        new(item.Number("from"), item.Number("to"), Group(item));

    private static FeatureGroup Group(JsonNode? json) =>
        new(
            (int)json.Whole("features", 0),
            [.. FeatureVerdicts.All.Select(verdict => (int)json.Whole(verdict.Word(), 0))],
            json.Number("mean_f1_score"),
            json.Number("mean_cosine"));

    private static List<T> Items<T>(JsonNode json, string name, Func<JsonNode?, T> read) =>
        json.Field(name) is JsonArray items ? [.. items.Select(read)] : [];

    private static List<IReadOnlyList<double>> HeatMap(JsonNode? rows) =>
        rows is JsonArray lines ? [.. lines.Select(HeatRow)] : [];

    private static IReadOnlyList<double> HeatRow(JsonNode? row) =>
        row is JsonArray cells
            ? [.. cells.Select(Cosine)]
            : [];

    private static double Cosine(JsonNode? cell) =>
        cell is JsonValue value && value.TryGetValue(out double percent)
            ? percent / 100
            : double.NaN;
}
