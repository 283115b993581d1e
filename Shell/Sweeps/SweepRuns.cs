using SynthSae.Compute.Files;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Supervision;

namespace SynthSae.Sweeps;

/// <summary>Runs of a sweep as this command line wants them executed.</summary>
internal static class SweepRuns
{
    // A list, or another command, has a folder only for a moment.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Begin the run of a folder, or go on with it from its newest checkpoint; null if another
    /// process executes it.
    /// </summary>
    public static RunStart? Start(RunFolder folder, AppSettings settings)
    {
        if (FolderLock.TryTake(folder.Path, Patience) is not { } held)
        {
            return null;
        }

        AppSettings own;
        try
        {
            own = PreparedSettings.Read(folder, Device(settings), Threads(settings));
        }
        catch
        {
            ((IDisposable)held).Dispose();
            throw;
        }

        return folder.NewestCheckpoint is null
            ? RunStart.Prepared(folder, own, held)
            : RunStart.Again(folder, own, held);
    }

    /// <summary>The threads that are asked for; null for what the run itself says.</summary>
    public static int? Threads(AppSettings settings) =>
        settings.IsDefault(SettingNames.Threads) ? null : settings.Threads;

    /// <summary>The device that is asked for; null for what the run itself says.</summary>
    public static string? Device(AppSettings settings) =>
        !settings.IsFlag(SettingNames.Device) ? null : settings.Device?.ToString() ?? "cpu";
}
