using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;

namespace SynthSae.Store;

/// <summary>How one SAE of a run does; what is not known is NaN.</summary>
internal sealed record SaeFigures
{
    /// <summary>E.g. "BatchTopK".</summary>
    public string Architecture { get; init; } = "";

    /// <summary>L.</summary>
    public int Latents { get; init; }

    /// <summary>Wanted L0; NaN where a coefficient decides.</summary>
    public double K { get; init; } = double.NaN;

    /// <summary>Loss of training, averaged over some 20 steps.</summary>
    public double Loss { get; init; } = double.NaN;

    /// <summary>Latents active per sample, averaged likewise.</summary>
    public double L0 { get; init; } = double.NaN;

    /// <summary>Share of the variance of a batch that is explained, averaged likewise.</summary>
    public double R2 { get; init; } = double.NaN;

    /// <summary>Latents that count as dead; -1 if that is not known.</summary>
    public int Dead { get; init; } = -1;

    /// <summary>F1 of the latest scoring as trained.</summary>
    public double F1 { get; init; } = double.NaN;

    /// <summary>MCC of the latest scoring.</summary>
    public double Mcc { get; init; } = double.NaN;

    /// <summary>The step after which it was scored; -1 if it was not.</summary>
    public long ScoredAtStep { get; init; } = -1;

    /// <summary>An SAE of which nothing has been measured yet.</summary>
    public static SaeFigures Of(SaePlan plan) =>
        new() { Architecture = plan.Architecture, Latents = plan.Latents, K = plan.K };

    /// <summary>As an object.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["architecture"] = Architecture,
            ["d_sae"] = Latents,
            ["k"] = Json.Number(K),
            ["loss"] = Json.Number(Loss),
            ["l0"] = Json.Number(L0),
            ["explained_variance"] = Json.Number(R2),
            ["dead_latents"] = Dead < 0 ? null : Dead,
            ["f1_score"] = Json.Number(F1),
            ["mcc"] = Json.Number(Mcc),
            ["scored_at_step"] = ScoredAtStep < 0 ? null : ScoredAtStep,
        };

    /// <summary>Read what <see cref="ToJson"/> wrote; what is missing is not known.</summary>
    public static SaeFigures OfJson(JsonNode? json) =>
        new()
        {
            Architecture = json.Text("architecture") ?? "",
            Latents = (int)json.Whole("d_sae", 0),
            K = json.Number("k"),
            Loss = json.Number("loss"),
            L0 = json.Number("l0"),
            R2 = json.Number("explained_variance"),
            Dead = (int)json.Whole("dead_latents", -1),
            F1 = json.Number("f1_score"),
            Mcc = json.Number("mcc"),
            ScoredAtStep = json.Whole("scored_at_step", -1),
        };
}
