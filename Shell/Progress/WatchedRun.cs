using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>A run in this process, with somebody who watches.</summary>
internal static class WatchedRun
{
    /// <summary>
    /// Run it to its end; null if it was stopped before there was anything to save. The observer's display ends
    /// with it.
    /// </summary>
    public static RunResult? Execute(
        RunStart start, IRunObserver observer, CancellationToken stop)
    {
        using (observer as IDisposable)
        {
            try
            {
                return TrainingRun.Execute(start, observer, stop);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }
}
