using System.Text.Json.Nodes;

namespace SynthSae.Runs;

/// <summary>All metrics of one form of an SAE.</summary>
/// <param name="Samples">Samples that it was scored on.</param>
/// <param name="Metrics">In the order in which they are shown.</param>
public sealed record Scores(long Samples, IReadOnlyList<Metric> Metrics)
{
    /// <summary>The metric of that name.</summary>
    public Metric this[string name] => Metrics.First(metric => metric.Name == name);

    /// <summary>{samples, NAME: {value, standard_error}, …}.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["samples"] = Samples };
        foreach (var metric in Metrics)
        {
            json[metric.Name] = metric.ToJson();
        }

        return json;
    }

    /// <summary>Read what <see cref="ToJson"/> wrote.</summary>
    public static Scores OfJson(JsonObject json)
    {
        static double Number(JsonNode? node) => node?.GetValue<double>() ?? double.NaN;
        var metrics = json
            .Where(field => field.Value is JsonObject)
            .Select(field => new Metric(
                field.Key, Number(field.Value!["value"]), Number(field.Value!["standard_error"])));
        return new Scores(json["samples"]?.GetValue<long>() ?? 0, [.. metrics]);
    }
}
