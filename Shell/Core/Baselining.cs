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
public static class Baselining
{
    /// <summary>Name of the F1 of all decisions together.</summary>
    public const string MicroF1 = "micro_f1";

    /// <summary>The scores of one baseline.</summary>
    public readonly record struct Scored(string Name, Scores Scores);

    /// <summary>Names of all baselines.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. BaselineModule.named.Select(named => named.Item1)];

    /// <summary>
    /// Fit and score baselines one after the other. <paramref name="names"/> each stand for the
    /// baseline of that name and for those that continue it (lda: lda, lda-own, …).
    /// <paramref name="progress"/> hears what is done and how many samples of how many are
    /// behind, and may throw to end it.
    /// </summary>
    /// <exception cref="Compute.BadInput">A name or a size that cannot be.</exception>
    public static IEnumerable<Scored> Score(
        AppSettings settings,
        LoadedWorld world,
        int width,
        long samples,
        int fitSamples,
        IEnumerable<string> names,
        Action<string, long, long> progress)
    {
        var results = Baselines.run(
            FuncConvert.FromAction(progress),
            world.Sampler(settings.Backend()),
            new BaselineSettings(width, samples, fitSamples),
            BaselineModule.select(ListModule.OfSeq(names)));
        return results.Select(result => new Scored(result.Name, Read(result, samples)));
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
