using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Baselines;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Core;

/// <summary>
/// Scores what can be reached with the true directions: encoders made by someone who knows the
/// world.
/// </summary>
internal static class Baselining
{
    /// <summary>Name of the F1 of all decisions together.</summary>
    public const string MicroF1 = "micro_f1";

    /// <summary>Samples to fit thresholds on if nothing else is said.</summary>
    public const int DefaultFitSamples = 20_000;

    /// <summary>
    /// What anyone who knew the directions could do, and what is hard to beat: an SAE's F1 is
    /// seen between them.
    /// </summary>
    public const string Low = "tied", High = "lda-pruned";

    /// <summary>The scores of one baseline.</summary>
    public readonly record struct Scored(string Name, Scores Scores)
    {
        /// <summary>{name, evaluation}.</summary>
        public JsonObject ToJson() => new() { ["name"] = Name, ["evaluation"] = Scores.ToJson() };
    }

    /// <summary>Names of all baselines.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. BaselineModule.named.Select(named => named.Item1)];

    /// <summary>
    /// The names that are among the given ones or continue one of them: lda stands for lda, lda-own
    /// and so on.
    /// </summary>
    /// <exception cref="Compute.BadInput">A name that stands for none.</exception>
    public static IReadOnlyList<string> Select(IEnumerable<string> names) =>
        [.. BaselineModule.select(ListModule.OfSeq(names)).Select(named => named.Item1)];

    /// <summary>
    /// Fit and score the named baselines one after the other. <paramref name="progress"/> hears
    /// what is done and how many samples of how many are behind, and may throw to end it.
    /// </summary>
    /// <exception cref="Compute.BadInput">A size that cannot be.</exception>
    public static IEnumerable<Scored> Score(
        AppSettings settings,
        LoadedWorld world,
        BaselineSettings sizes,
        IReadOnlyList<string> names,
        Action<string, long, long> progress)
    {
        var results = Baselines.run(
            FuncConvert.FromAction(progress),
            world.Sampler(settings.Backend()),
            sizes,
            ListModule.OfSeq(BaselineModule.named.Where(named => names.Contains(named.Item1))));
        return results.Select(result => new Scored(result.Name, Read(result, sizes.Samples)));
    }

    /// <summary>
    /// Where an SAE's F1 lies between a low baseline (0) and a high one (1). The errors are taken
    /// for independent, which is careful: all were scored on the same samples.
    /// </summary>
    public static Metric Relative(Scores sae, Scores low, Scores high)
    {
        var (f1, from, to) =
            (sae[MetricNames.F1], low[MetricNames.F1], high[MetricNames.F1]);
        var range = to.Value - from.Value;
        var relative = (f1.Value - from.Value) / range;
        var error = Math.Sqrt(
            Squared(f1.StandardError)
            + Squared((1 - relative) * from.StandardError)
            + Squared(relative * to.StandardError)) / Math.Abs(range);
        return new Metric("oracle_relative_f1", relative, error);

        static double Squared(double number) => number * number;
    }

    private static Scores Read(BaselineResult result, long samples)
    {
        var scores = Scoring.Read(samples, result.Metrics, result.StandardErrors);
        var micro = new Metric(MicroF1, result.MicroF1, result.MicroF1Error);
        return scores with
        {
            Metrics = [.. scores.Metrics.Where(Meant), micro],
        };

        // A probe's latents are no amplitudes.
        bool Meant(Metric metric) =>
            !result.Baseline.IsProbe
            || metric.Name is not (MetricNames.R2 or "shrinkage" or "mse");
    }
}
