namespace SynthSae.Settings;

/// <summary>When a run writes checkpoints while it goes on, and how many it keeps.</summary>
/// <param name="Steps">After every so many steps; null for none.</param>
/// <param name="Interval">Once so much time has passed since the last; null for none.</param>
/// <param name="Keep">How many of the newest are kept, at least 1.</param>
internal sealed record CheckpointPolicy(long? Steps, TimeSpan? Interval, int Keep)
{
    /// <summary>What is left to the program: a kill then costs at most five minutes.</summary>
    public static readonly TimeSpan Automatic = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Whether one is due after <paramref name="step"/> steps, so long since the last or the start.
    /// </summary>
    public bool IsDue(long step, TimeSpan sinceLast) =>
        (Steps is { } steps && step % steps == 0)
        || (Interval is { } interval && sinceLast >= interval);
}
