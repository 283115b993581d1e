using System.Text.Json.Nodes;
using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Formatting;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>Which active latents leave-one-out pruning drops, and how that was decided.</summary>
/// <param name="Threshold">Those whose score is at most this; null to drop none.</param>
/// <param name="Origin">Who says so.</param>
/// <param name="LowerMode">Mode of the scores below the threshold; null if there is none or it was
///   not looked for.</param>
/// <param name="UpperMode">Mode above it.</param>
internal sealed record Pruning(
    float? Threshold, PruningOrigin Origin, double? LowerMode = null, double? UpperMode = null)
{
    /// <summary>The key in a saved SAE's metadata.</summary>
    public const string Key = "pruning_threshold";

    /// <summary>In a sentence.</summary>
    public string Words =>
        (Threshold, Origin) switch
        {
            (null, PruningOrigin.Found) =>
                "nothing is pruned: the scores of the active latents do not part in two",
            (null, _) => "nothing is pruned",
            ({ } at, PruningOrigin.Found) =>
                $"pruned below {Numbers.Short(at)}, where the scores of the active latents part "
                + $"(modes at {Numbers.Short(LowerMode!.Value)} and "
                + $"{Numbers.Short(UpperMode!.Value)})",
            ({ } at, PruningOrigin.Saved) =>
                $"pruned below {Numbers.Short(at)}, as the SAE's folder says",
            ({ } at, _) => $"pruned below {Numbers.Short(at)}",
        };

    /// <summary>
    /// Find the threshold on samples without knowing their truth; <paramref name="progress"/> hears
    /// after each batch how many are done, and may throw to end it.
    /// </summary>
    public static Pruning Find(
        AppSettings settings,
        Sae sae,
        IBatches data,
        long samples,
        int batchSize,
        Action<long> progress)
    {
        var fit = PruningThreshold.fit(
            FuncConvert.FromAction(progress), settings.Backend(), sae, data, batchSize, samples);
        return new Pruning(
            fit.Threshold?.Value,
            PruningOrigin.Found,
            double.IsNaN(fit.LowerMode) ? null : fit.LowerMode,
            double.IsNaN(fit.UpperMode) ? null : fit.UpperMode);
    }

    /// <summary>
    /// What is asked for; null where that is nothing. What is to be found is first looked for where
    /// it was <paramref name="saved"/>.
    /// </summary>
    public static Pruning? Decide(PruningSpec wish, Pruning? saved, Func<Pruning> find) =>
        wish switch
        {
            PruningSpec.Below below => new Pruning((float)below.threshold, PruningOrigin.Given),
            { IsAuto: true } => saved ?? find(),
            _ => null,
        };

    /// <summary>The SAE at work with this pruning, if any.</summary>
    public static Inference Apply(Pruning? pruning, Sae sae) =>
        new(sae, pruning?.Threshold is { } at ? FSharpOption<float>.Some(at) : null);

    /// <summary>{threshold, origin, lower_mode, upper_mode}.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["threshold"] = Threshold is { } at ? JsonValue.Create(at) : null,
            ["origin"] = Origin.ToString().ToLowerInvariant(),
            ["lower_mode"] = Json.Number(LowerMode ?? double.NaN),
            ["upper_mode"] = Json.Number(UpperMode ?? double.NaN),
        };
}
