using System.Text.Json;
using System.Text.Json.Serialization;

namespace SynthSae.Runs;

/// <summary>What a checkpoint holds of a run beside the states of its trainers.</summary>
/// <param name="Saes">How far each SAE has come.</param>
/// <param name="Variance">The variance of the data as far as it was measured.</param>
/// <param name="Total">Time of all sittings up to here.</param>
/// <param name="Parts">The same by part.</param>
/// <param name="Sittings">Processes that had a share in this.</param>
/// <param name="Data">Checksum of what was trained on.</param>
internal sealed record RunState(
    IReadOnlyList<SaeState> Saes,
    MeanVariance Variance,
    TimeSpan Total,
    IReadOnlyDictionary<string, TimeSpan> Parts,
    int Sittings,
    string Data)
{
    // Numbers come back to the bit.
    private static readonly JsonSerializerOptions Options = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>As text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Read what <see cref="ToJson"/> wrote.</summary>
    public static RunState OfJson(string text) =>
        JsonSerializer.Deserialize<RunState>(text, Options)
        ?? throw new JsonException("null is no state of a run");
}
