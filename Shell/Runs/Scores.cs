using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Formatting;

namespace SynthSae.Runs;

/// <summary>All metrics of one form of an SAE.</summary>
/// <param name="Samples">Samples that it was scored on.</param>
/// <param name="Metrics">In the order in which they are shown.</param>
/// <param name="Density">How many latents fire how often; null if not known.</param>
internal sealed record Scores(
    long Samples, IReadOnlyList<Metric> Metrics, DensityHistogram? Density = null)
{
    private const string Value = "value";
    private const string Error = "standard_error";
    private const string DensityKey = "density_histogram";

    /// <summary>The metric of that name.</summary>
    public Metric this[string name] => Metrics.First(metric => metric.Name == name);

    /// <summary>False where the true features are not known.</summary>
    public bool HaveTruth => Metrics.Any(metric => metric.Name == MetricNames.F1);

    /// <summary>{samples, NAME: {value, standard_error}, …, density_histogram}.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["samples"] = Samples };
        foreach (var metric in Metrics)
        {
            json[metric.Name] = metric.ToJson();
        }

        if (Density is { } density)
        {
            json[DensityKey] = new JsonObject
            {
                ["log10_from"] = new JsonArray([.. density.Log10From.Select(Json.Number)]),
                ["latents"] =
                    new JsonArray([.. density.Latents.Select(count => JsonValue.Create(count))]),
                ["dead"] = density.Dead,
            };
        }

        return json;
    }

    /// <summary>Read what <see cref="ToJson"/> wrote.</summary>
    public static Scores OfJson(JsonObject json)
    {
        static double Number(JsonNode? node) => node?.GetValue<double>() ?? double.NaN;
        var metrics = json
            .Where(field => field.Value is JsonObject figure && figure.ContainsKey(Value))
            .Select(field => new Metric(
                field.Key, Number(field.Value![Value]), Number(field.Value![Error])));
        return new Scores(
            json["samples"]?.GetValue<long>() ?? 0, [.. metrics], Histogram(json[DensityKey]));
    }

    private static DensityHistogram? Histogram(JsonNode? json) =>
        json is null
            ? null
            : new DensityHistogram(
                [.. json["log10_from"]!.AsArray().Select(item => item!.GetValue<double>())],
                [.. json["latents"]!.AsArray().Select(item => item!.GetValue<int>())],
                json["dead"]!.GetValue<int>());
}
