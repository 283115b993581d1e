using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>A run in this process, with somebody who watches.</summary>
internal static class WatchedRun
{
    /// <summary>Run it to its end, with which the observer's display ends.</summary>
    public static RunEnd Execute(RunStart start, IRunObserver observer, CancellationToken stop)
    {
        using (observer as IDisposable)
        {
            return TrainingRun.Execute(start, observer, stop);
        }
    }
}
