using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>
/// Lets runs that were paused, stopped, interrupted or failed wait for a slot again.
/// </summary>
internal static class Resuming
{
    /// <summary>
    /// Queue the run, from its newest checkpoint where it has one; what becomes of it, in words.
    /// </summary>
    /// <param name="queue">The queue of this machine.</param>
    /// <param name="run">The run.</param>
    /// <param name="device">Where to compute; null for where it began, or wanted to.</param>
    /// <param name="priority">Higher ones come first.</param>
    /// <exception cref="Compute.BadInput">It goes on, waits or has finished, or cannot go on on
    ///   that device.</exception>
    public static string Resume(Queue queue, RunSummary run, DeviceWish? device, int priority)
    {
        var folder = run.Open();
        switch (run.Status)
        {
            case RunStatus.Running:
                throw Failure.BadInput(run.Id, "is running");
            case RunStatus.Finished:
                throw Failure.BadInput(
                    run.Id, $"has finished; to repeat it: synthsae start {folder.Shown}");
            case RunStatus.Queued when queue.Holds(folder.Path):
                throw Failure.BadInput(run.Id, "waits in the queue already");
        }

        var json = Json.TryObject(Files.ReadText(folder.RunFile)) ?? [];
        var settings = json[RunDescription.SettingsKey] as JsonObject;
        var began = RunDescription.Device(json);
        var wish = device ?? Wish(settings?[SettingNames.Device.Name]?.ToString(), began);
        if (began is not null && (began == "cpu" ? !wish.Cpu : !wish.Gpu))
        {
            throw Failure.BadInput(
                run.Id,
                $"began on {(began == "cpu" ? "the processor" : "a GPU")} and goes on there");
        }

        int? threads = Counts.TryParse(
            settings?[SettingNames.Threads.Name]?.ToString() ?? "", out var count)
            ? (int)count
            : null;
        queue.Enqueue(folder, Narrow(wish, began), priority, threads, anew: true);
        return run.Checkpoint is { } step
            ? $"queued, from step {Counts.Exact(step)}"
            : began is null ? "queued" : "queued, from the first step: it has no checkpoint";
    }

    // A GPU of the same machine does as well as that which a run happened to get.
    private static DeviceWish Wish(string? wanted, string? began) =>
        DeviceWish.Parse(wanted ?? "")
        ?? (began is null or "cpu" ? DeviceWish.Processor : DeviceWish.AnyGpu);

    // What has begun goes on on a device of the same kind.
    private static DeviceWish Narrow(DeviceWish wish, string? began) =>
        began is null ? wish : wish with { Cpu = began == "cpu", Gpu = began != "cpu" };
}
