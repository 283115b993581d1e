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
    /// <summary>It was stopped while it was scored between two steps.</summary>
    public bool IsUnscored { get; init; }

    /// <summary>As text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunStateJson.Default.RunState);

    /// <summary>Read what <see cref="ToJson"/> wrote.</summary>
    public static RunState OfJson(string text) =>
        JsonSerializer.Deserialize(text, RunStateJson.Default.RunState)
        ?? throw new JsonException("null is no state of a run");
}

/// <summary>
/// How <see cref="RunState"/> is read and written, made by the compiler: a trimmed program cannot
/// find it out while it runs. Numbers come back to the bit.
/// </summary>
[JsonSourceGenerationOptions(
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunState))]
internal sealed partial class RunStateJson : JsonSerializerContext;
