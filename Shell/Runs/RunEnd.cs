using SynthSae.Store;

namespace SynthSae.Runs;

/// <summary>How a sitting of a run has ended.</summary>
/// <param name="Status">Finished, stopped or paused.</param>
/// <param name="Result">What came out; null if it ended before there was anything to save.</param>
internal sealed record RunEnd(RunStatus Status, RunResult? Result)
{
    /// <summary>
    /// The exit code that tells it, where <paramref name="signal"/> is that of the signal that
    /// came, or 0.
    /// </summary>
    public int ExitCode(int signal) =>
        Status != RunStatus.Stopped ? Hosting.ExitCode.Ok
        : signal != 0 ? signal
        : Hosting.ExitCode.Terminated;
}
