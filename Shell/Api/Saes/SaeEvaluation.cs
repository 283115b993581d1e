using SynthSae.Api;
using SynthSae.Compute;
using SynthSae.Runs;

namespace SynthSae;

/// <summary>
/// How well an SAE does. Where the true features are not known, the figures that need them are
/// null.
/// </summary>
public sealed class SaeEvaluation
{
    private readonly Dictionary<string, MetricEstimate> _metrics;

    private SaeEvaluation(Scores scores, IReadOnlyList<LatentReport> latents, Recovery? recovery)
    {
        Samples = scores.Samples;
        _metrics = scores.Metrics.ToDictionary(
            metric => metric.Name,
            metric => new MetricEstimate(metric.Value, metric.StandardError));
        Latents = [.. latents.Select(LatentEvaluation.OfCore)];
        Features = [.. recovery?.Features.Select(FeatureEvaluation.OfCore) ?? []];
    }

    /// <summary>Samples that it was scored on.</summary>
    public long Samples { get; }

    /// <summary>Every figure by the reference's name, e.g. <c>f1_score</c>.</summary>
    public IReadOnlyDictionary<string, MetricEstimate> Metrics => _metrics;

    /// <summary>
    /// Mean over all latents of the F1 with which a latent's firing tells that its feature is
    /// active; 1 is perfect.
    /// </summary>
    public MetricEstimate? F1 => Find(MetricNames.F1);

    /// <summary>Mean over all latents of the precision.</summary>
    public MetricEstimate? Precision => Find(MetricNames.Precision);

    /// <summary>Mean over all latents of the recall.</summary>
    public MetricEstimate? Recall => Find(MetricNames.Recall);

    /// <summary>
    /// Mean |cosine| of latents and features that are matched one to one as well as possible; 1 is
    /// perfect.
    /// </summary>
    public MetricEstimate? Mcc => Find(MetricNames.Mcc);

    /// <summary>
    /// Different features among the latents' features, over the number of latents.
    /// </summary>
    public MetricEstimate? Uniqueness => Find(MetricNames.Uniqueness);

    /// <summary>R²: share of the variance of x that x̂ explains.</summary>
    public MetricEstimate ExplainedVariance => _metrics[MetricNames.R2];

    /// <summary>Mean number of latents active per sample.</summary>
    public MetricEstimate L0 => _metrics[MetricNames.SaeL0];

    /// <summary>Mean number of true features active per sample.</summary>
    public MetricEstimate? TrueL0 => Find(MetricNames.TrueL0);

    /// <summary>Latents that fired in no sample.</summary>
    public MetricEstimate DeadLatents => _metrics[MetricNames.Dead];

    /// <summary>Squared error, summed over D, mean over samples.</summary>
    public MetricEstimate Mse => _metrics[MetricNames.Mse];

    /// <summary>Mean length of x̂ over that of x.</summary>
    public MetricEstimate Shrinkage => _metrics[MetricNames.Shrinkage];

    /// <summary>
    /// Each latent in the light of the features; empty where these are not known or the scores were
    /// read from a run folder.
    /// </summary>
    public IReadOnlyList<LatentEvaluation> Latents { get; }

    /// <summary>
    /// What became of each true feature (N); empty where that was not asked for, or not known.
    /// </summary>
    public IReadOnlyList<FeatureEvaluation> Features { get; }

    /// <summary>The figures in one line.</summary>
    public override string ToString() =>
        string.Join(", ", _metrics.Select(metric => $"{metric.Key} {metric.Value}"));

    internal static SaeEvaluation Of(Scores scores) => new(scores, [], null);

    internal static SaeEvaluation? OfOptional(Scores? scores) =>
        scores is null ? null : Of(scores);

    internal static SaeEvaluation Of(Core.Scoring.Scored scored) =>
        new(scored.Scores, scored.Latents, scored.Recovery);

    private MetricEstimate? Find(string name) =>
        _metrics.TryGetValue(name, out var found) ? found : null;
}
