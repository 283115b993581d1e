using System.Text.Json.Nodes;
using SynthSae.Formatting;

namespace SynthSae.Runs;

/// <summary>One measured figure.</summary>
/// <param name="Name">The reference's name, e.g. explained_variance.</param>
/// <param name="Value">The estimate.</param>
/// <param name="StandardError">Of sampling the evaluation data; 0 where none enter; NaN if not
///   known.</param>
internal sealed record Metric(string Name, double Value, double StandardError)
{
    /// <summary>{value, standard_error}.</summary>
    public JsonObject ToJson() => new()
    {
        ["value"] = Json.Number(Value),
        ["standard_error"] = Json.Number(StandardError),
    };
}
