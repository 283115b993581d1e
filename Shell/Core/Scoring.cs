using SynthSae.Compute;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Core;

/// <summary>Scores SAEs against the truth.</summary>
public static class Scoring
{
    /// <summary>All metrics, and the table of latents as CSV.</summary>
    public readonly record struct Scored(Scores Scores, string LatentTable);

    /// <summary>Score an SAE on samples of the evaluation stream.</summary>
    public static Scored Score(
        AppSettings settings, LoadedWorld world, Sae sae, long samples, int batchSize, Action<long> progress) =>
        new(new Scores(samples, []), "");
}
