using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Slurm;

namespace SynthSae.Sweeps;

/// <summary>The executors by name.</summary>
internal static class SweepExecutors
{
    private static readonly ISweepExecutor[] All =
    [
        new LocalExecutor(), new BackgroundExecutor(), new SlurmExecutor(SlurmClient.OfMachine()),
    ];

    /// <summary>What <c>--executor</c> takes, the default first.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. All.Select(executor => executor.Name)];

    /// <summary>The executor of that name.</summary>
    public static ISweepExecutor Find(string name) =>
        All.FirstOrDefault(executor => executor.Name == name)
        ?? throw Failure.BadInput(
            "--executor",
            $"must be {string.Join(" or ", Names)}{Nearest.Hint(name, Names)} (got {name})");
}
