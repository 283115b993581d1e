namespace SynthSae.Store;

/// <summary>What events of the log say of where a run stands.</summary>
internal static class EventNames
{
    public const string Queued = "queued";
    public const string Started = "started";
    public const string Resumed = "resumed";
    public const string Paused = "paused";
    public const string Stopped = "stopped";
    public const string Finished = "finished";
    public const string Failed = "failed";

    // What runs of older versions said when they were stopped.
    private const string Interrupted = "interrupted";

    /// <summary>Where a run stands whose last event this is.</summary>
    public static RunStatus Status(string? name) =>
        name switch
        {
            Queued => RunStatus.Queued,
            Paused => RunStatus.Paused,
            Stopped or Interrupted => RunStatus.Stopped,
            Finished => RunStatus.Finished,
            Failed => RunStatus.Failed,
            _ => RunStatus.Running,
        };
}
