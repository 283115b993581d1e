using SynthSae.Compute.Files;

namespace SynthSae.Store;

/// <summary>
/// What a reader may believe of a run's last word. A run is running only while a living process
/// holds its folder's lock. Where the lock cannot be seen, as on another machine over some network
/// file systems, a run counts as running as long as it is heard of.
/// </summary>
internal static class RunTruth
{
    /// <summary>After such a silence a run that cannot be seen counts as dead.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The status that follows.</summary>
    /// <param name="said">The last word of the run.</param>
    /// <param name="state">The lock of its folder.</param>
    /// <param name="boot">This start of this machine's kernel.</param>
    /// <param name="now">The time (UTC).</param>
    public static RunStatus Of(RunSnapshot said, LockState state, string? boot, DateTime now) =>
        said.Status != RunStatus.Running ? said.Status
        : state.IsHeld ? RunStatus.Running
        : IsDecisive(said, state, boot) ? RunStatus.Interrupted
        : now - said.Updated <= Patience ? RunStatus.Running
        : RunStatus.Interrupted;

    // A lock that is free says that nobody holds it on this machine, since it was started.
    private static bool IsDecisive(RunSnapshot said, LockState state, string? boot) =>
        state.IsFree && (said.Host is null || said.Host == ThisHost.Name || said.Boot == boot);
}
