namespace SynthSae.Store;

/// <summary>What was found in a folder, and when.</summary>
/// <param name="Id">Name of the folder.</param>
/// <param name="Changed">When a file of the folder was last made, replaced or removed (UTC ticks);
///   0 where that does not tell.</param>
/// <param name="ReadAt">When it was read (UTC ticks).</param>
/// <param name="Run">The run; null if the folder holds none.</param>
internal sealed record KnownRun(string Id, long Changed, long ReadAt, RunSummary? Run)
{
    // Two changes within a tick of a file system's clock leave the same time; some tick slowly.
    private static readonly long Tick = TimeSpan.FromSeconds(3).Ticks;

    /// <summary>True if it was read so long after the change that no later one can look the
    /// same.</summary>
    public bool IsSettled => Changed > 0 && ReadAt - Changed > Tick;
}
