using System.Text.Json.Nodes;

namespace SynthSae.Sweeps;

/// <summary>One trial of a sweep, and the SAE that it became.</summary>
/// <param name="Point">The value of each column, in their order.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Run">Name of the run's folder, beside that of the sweep.</param>
/// <param name="Sae">Its place among the run's SAEs, from 0.</param>
internal sealed record SweepEntry(IReadOnlyList<string> Point, long Seed, string Run, int Sae)
{
    /// <summary>As sweep.json has it, with the names of the columns.</summary>
    public JsonObject ToJson(IReadOnlyList<string> columns) => new()
    {
        ["point"] = new JsonObject(columns.Zip(
            Point, (name, value) => KeyValuePair.Create(name, (JsonNode?)value))),
        ["seed"] = Seed,
        ["run"] = Run,
        ["sae"] = Sae,
    };

    /// <summary>Read what <see cref="ToJson"/> wrote.</summary>
    public static SweepEntry OfJson(JsonNode json, IReadOnlyList<string> columns) => new(
        [.. columns.Select(name => json["point"]![name]!.GetValue<string>())],
        json["seed"]!.GetValue<long>(),
        json["run"]!.GetValue<string>(),
        json["sae"]!.GetValue<int>());
}
