using System.Globalization;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>
/// Published figures of the benchmark: means of five runs of 200M samples at 4096 latents
/// (SAELens, docs/synth_sae_bench.md, April 2026; REFERENCE 12.1).
/// </summary>
internal sealed record Published(double K, double F1, double Mcc, double Uniqueness, double R2)
{
    private const long Samples = 200_000_000;
    private const int Latents = 4096;
    private const string Benchmark = "synth-sae-bench-16k";

    private static readonly Published[] BatchTopK =
    [
        new(20, 0.8183, 0.7526, 0.9760, 0.7889),
        new(25, 0.7316, 0.7574, 0.9837, 0.7923),
    ];

    /// <summary>
    /// The figures for the same setting; null if this run's setting was not published.
    /// </summary>
    public static Published? For(SaePlan sae) =>
        sae is { Architecture: "BatchTopK", Latents: Latents }
        && RunSpecs.IsModelOf(sae.Spec.Value, Benchmark)
            ? BatchTopK.FirstOrDefault(published => published.K == sae.K)
            : null;

    /// <summary>The figure for a metric, or nothing.</summary>
    public string Cell(string metric) =>
        metric switch
        {
            MetricNames.F1 => Text(F1),
            MetricNames.Mcc => Text(Mcc),
            MetricNames.Uniqueness => Text(Uniqueness),
            MetricNames.R2 => Text(R2),
            _ => "",
        };

    /// <summary>What the published figures stand for, and how this run differs.</summary>
    public string Note(long samples)
    {
        var note = $"SynthSAEBench-16k, BatchTopK, L0 {K}, 4,096 latents: mean of 5 runs of 200M "
            + "samples, scored as trained.";
        return samples >= Samples
            ? note
            : $"{note} This run saw {Counts.Short(samples)} ({Share(samples)}): expect less.";
    }

    private static string Share(long samples) =>
        ((double)samples / Samples).ToString("0.##%", CultureInfo.InvariantCulture);

    private static string Text(double value) =>
        value.ToString("0.0000", CultureInfo.InvariantCulture);
}
