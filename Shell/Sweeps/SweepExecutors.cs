using SynthSae.Core;
using SynthSae.Formatting;

namespace SynthSae.Sweeps;

/// <summary>The executors by name.</summary>
internal static class SweepExecutors
{
    private static readonly Func<ISweepExecutor>[] Makers = [() => new LocalExecutor()];

    /// <summary>What <c>--executor</c> takes, the default first.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Makers.Select(make => make().Name)];

    /// <summary>The executor of that name.</summary>
    public static ISweepExecutor Find(string name) =>
        Makers.Select(make => make()).FirstOrDefault(executor => executor.Name == name)
        ?? throw Failure.BadInput(
            "--executor",
            $"must be {string.Join(" or ", Names)}{Nearest.Hint(name, Names)} (got {name})");
}
