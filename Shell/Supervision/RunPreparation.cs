using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>
/// Makes folders of runs that another process begins: <c>synthsae work FOLDER</c>.
/// </summary>
internal static class RunPreparation
{
    /// <summary>
    /// Make a run folder with <c>run.json</c> and the status queued. Nothing is computed, and no
    /// GPU is opened.
    /// </summary>
    /// <param name="plan">What is to be run.</param>
    /// <param name="settings">The settings that it is to be run with, wherever that is.</param>
    /// <param name="device">Where it is to be computed; null for what the settings say.</param>
    /// <param name="sweep">The sweep that it belongs to; null if to none.</param>
    /// <param name="at">The folder itself, new or empty; null for one in the runs folder.</param>
    public static RunFolder Prepare(
        RunPlan plan,
        AppSettings settings,
        DeviceWish? device = null,
        string? sweep = null,
        string? at = null)
    {
        var wish = device ?? Wish(settings);
        var now = DateTime.UtcNow;
        var folder = at is not null
            ? RunFolder.CreateAt(at)
            : RunFolder.CreateIn(settings.RunsFolder, RunId.Of(plan, now));
        using var held = FolderLock.Take(folder.Path);
        // Who sees run.json finds the status beside it.
        StatusFile.Write(
            folder, RunSnapshot.Queued(plan, settings, now) with { Device = wish.ToString() });
        RunFolder.WriteJson(
            folder.RunFile, RunDescription.Prepared(plan, settings, wish.ToString(), sweep));
        return folder;
    }

    /// <summary>Where the settings say that runs are computed.</summary>
    public static DeviceWish Wish(AppSettings settings) =>
        settings.Device is { } device
            ? DeviceWish.Parse(device.ToString()) ?? DeviceWish.AnyGpu
            : DeviceWish.Processor;
}
