using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Core;

/// <summary>Scores SAEs, against the truth where it is known.</summary>
internal static class Scoring
{
    /// <summary>
    /// All metrics, the table of latents as CSV, the share of samples in which each fires, and, if
    /// asked for and a truth is known, what became of the features.
    /// </summary>
    public readonly record struct Scored(
        Scores Scores, string LatentTable, double[] FiringRates, Recovery? Recovery = null)
    {
        /// <summary>
        /// Each latent in the light of the features; empty where those are not known.
        /// </summary>
        public IReadOnlyList<LatentReport> Latents { get; init; } = [];
    }

    /// <summary>
    /// Score an SAE on samples of the evaluation stream, and say what became of each feature if
    /// <paramref name="features"/>; <paramref name="progress"/> hears after each batch how many are
    /// done, and may throw to end it.
    /// </summary>
    public static Scored Score(
        AppSettings settings,
        LoadedWorld world,
        Inference sae,
        long samples,
        int batchSize,
        bool features,
        Action<long> progress)
    {
        var (result, recovery) = Evaluate(
            settings.Backend(), world, sae, new(samples, batchSize), features, progress);
        double[] rates = [.. result.Latents.Select(latent => latent.FiringRate)];
        var scores = Read(result.Settings.Samples, result.Metrics, result.StandardErrors) with
        {
            Density = DensityHistogramModule.ofRates(rates),
        };
        return new Scored(scores, EvaluationReport.toCsv(result), rates, recovery)
        {
            Latents = result.Latents,
        };
    }

    private static (EvaluationResult Result, Recovery? Recovery) Evaluate(
        Backend backend,
        LoadedWorld world,
        Inference sae,
        EvaluationSettings sizes,
        bool features,
        Action<long> progress)
    {
        var hear = FuncConvert.FromAction(progress);
        var sampler = world.Sampler(backend);
        if (!features)
        {
            return (Evaluation.runWith(hear, backend, sampler, world.World, sae, sizes), null);
        }

        var (result, recovery) = Evaluation.runWithRecovery(
            hear, backend, sampler, world.World, sae, sizes);
        return (result, recovery);
    }

    /// <summary>
    /// Score an SAE on samples 0, 1, … of which nothing else is known;
    /// <paramref name="progress"/> as above.
    /// </summary>
    public static Scored Score(
        AppSettings settings,
        IBatches batches,
        Inference sae,
        long samples,
        int batchSize,
        Action<long> progress)
    {
        var result = Evaluation.onActivations(
            FuncConvert.FromAction(progress),
            settings.Backend(),
            batches,
            sae,
            new EvaluationSettings(samples, batchSize));
        return new Scored(
            Read(result), EvaluationReport.firingCsv(result), result.FiringRates);
    }

    private static Scores Read(UnsupervisedResult result)
    {
        var (value, error) = (result.Metrics, result.StandardErrors);
        return new Scores(
            result.Settings.Samples,
            [
                new(MetricNames.R2, value.ExplainedVariance, error.ExplainedVariance),
                new(MetricNames.SaeL0, value.SaeL0, error.SaeL0),
                new(MetricNames.Dead, value.DeadLatents, error.DeadLatents),
                new(MetricNames.Shrinkage, value.Shrinkage, error.Shrinkage),
                new(MetricNames.Mse, value.Mse, error.Mse),
            ],
            DensityHistogramModule.ofRates(result.FiringRates));
    }

    /// <summary>Metrics by name, with their standard errors.</summary>
    internal static Scores Read(
        long samples, SynthSae.Compute.Metrics value, SynthSae.Compute.Metrics error)
    {
        // The matching depends on directions alone: it has no error even where one block of samples
        // gives none.
        return new Scores(
            samples,
            [
                new(MetricNames.F1, value.F1Score, error.F1Score),
                new(MetricNames.Mcc, value.Mcc, 0),
                new(MetricNames.Uniqueness, value.Uniqueness, 0),
                new(MetricNames.R2, value.ExplainedVariance, error.ExplainedVariance),
                new(MetricNames.Precision, value.Precision, error.Precision),
                new(MetricNames.Recall, value.Recall, error.Recall),
                new("accuracy", value.Accuracy, error.Accuracy),
                new(MetricNames.SaeL0, value.SaeL0, error.SaeL0),
                new(MetricNames.TrueL0, value.TrueL0, error.TrueL0),
                new(MetricNames.Dead, value.DeadLatents, error.DeadLatents),
                new(MetricNames.Shrinkage, value.Shrinkage, error.Shrinkage),
                new(MetricNames.Mse, value.Mse, error.Mse),
            ]);
    }
}
