using SynthSae.Store;

namespace SynthSae.Tests.Dashboard;

/// <summary>Runs as a store would list them, without folders.</summary>
internal static class SomeRuns
{
    /// <summary>The moment at which tests look at them.</summary>
    public static DateTime Now => FakeRuns.Now;

    /// <summary>A run of one SAE that was made so many minutes ago.</summary>
    public static RunSummary Run(
        string name,
        RunStatus status = RunStatus.Running,
        int minutesAgo = 10,
        double k = 25,
        string? sweep = null,
        params string[] tags)
    {
        var created = Now.AddMinutes(-minutesAgo);
        var steps = status == RunStatus.Queued ? 0 : status == RunStatus.Finished ? 2000 : 940;
        var scored = status == RunStatus.Finished;
        var known = steps > 0;
        return new RunSummary(
            $"{created:yyyyMMdd-HHmmss}-{name}",
            $"/runs/{name}",
            name,
            sweep,
            0,
            new RunSnapshot
            {
                Status = status,
                Phase = status == RunStatus.Running ? "training" : "",
                Step = steps,
                Steps = 2000,
                Samples = steps * 1024,
                SamplesPerSecond = status == RunStatus.Running ? 20480 : double.NaN,
                SecondsLeft = status == RunStatus.Running ? 53 : double.NaN,
                Device = "cpu",
                Threads = 2,
                Created = created,
                Started = known ? created : null,
                Updated = known ? Now.AddSeconds(-0.5) : created,
                CpuShare = status == RunStatus.Running ? 1.9 : double.NaN,
                ResidentBytes = status == RunStatus.Running ? 300L << 20 : -1,
                Saes =
                [
                    new SaeFigures
                    {
                        Architecture = "BatchTopK",
                        Latents = 4096,
                        K = k,
                        Loss = known ? 31.25 : double.NaN,
                        L0 = known ? k * 0.99 : double.NaN,
                        R2 = known ? 0.9123 : double.NaN,
                        Dead = known ? 41 : -1,
                        F1 = scored ? 0.8017 : double.NaN,
                        Mcc = scored ? 0.7634 : double.NaN,
                        ScoredAtStep = scored ? steps : -1,
                    },
                ],
            },
            new RunLabels(tags, null),
            null);
    }

    /// <summary>A run of each state, a sweep among them; the newest first.</summary>
    public static IReadOnlyList<RunSummary> OfEachState { get; } =
    [
        Run("queued", RunStatus.Queued, 1),
        Run("small-topk-4096-k25", RunStatus.Running, 12, tags: "baseline"),
        Run("l0-k15", RunStatus.Finished, 40, 15, "l0-sweep"),
        Run("l0-k45", RunStatus.Failed, 41, 45, "l0-sweep"),
        Run("paused", RunStatus.Paused, 60),
        Run("stopped", RunStatus.Stopped, 61),
        Run("interrupted", RunStatus.Interrupted, 62),
        Run("finished-jumprelu", RunStatus.Finished, 3000, double.NaN, null, "baseline", "paper"),
    ];
}
