using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>Reads what a run's folder tells of it, whatever is missing.</summary>
internal static class RunReading
{
    // The clocks of the process and of the file system need not agree.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    /// <summary>The run of a folder; null if it holds none that can be read.</summary>
    public static RunSummary? Read(string path, DateTime now)
    {
        try
        {
            if (!RunFolder.Is(path))
            {
                return null;
            }

            var folder = RunFolder.Open(path);
            return StatusFile.TryRead(folder.RunFile) is { } run ? Read(folder, run, now) : null;
        }
        catch (Exception error) when (
            error is IOException or UnauthorizedAccessException or BadInput)
        {
            return null; // deleted meanwhile, or not ours to read
        }
    }

    private static RunSummary Read(RunFolder folder, JsonObject run, DateTime now)
    {
        var spec = run.Field("spec");
        // The lock before the last word: what is said later is not overlooked.
        var state = FolderLock.Look(folder.Path);
        var said = LastWord(folder, run, state);
        if (said.Status == RunStatus.Running && state.IsFree)
        {
            state = FolderLock.Look(folder.Path); // it has begun in between
        }

        var status = RunTruth.Of(said, state, ThisHost.Boot, now);
        var ended = status == RunStatus.Finished;
        return new RunSummary(
            folder.Id,
            folder.Path,
            run.Text("name") ?? folder.Id,
            run.Text("sweep"),
            spec.Whole("seed", 0),
            said with { Status = status },
            RunLabels.Read(folder),
            ended ? null : folder.NewestCheckpoint);
    }

    // What the run said last: in status.json, or where that is older or not to be had, in the log.
    private static RunSnapshot LastWord(RunFolder folder, JsonObject run, LockState state)
    {
        if (StatusFile.Read(folder) is not { } said)
        {
            return PastRun.Read(folder, run);
        }

        var isSure = said.Status == RunStatus.Running
            ? state.IsHeld
            : File.GetLastWriteTimeUtc(folder.EventsFile) <= said.Updated + Slack;
        return isSure ? said : Corrected(folder, said);
    }

    private static RunSnapshot Corrected(RunFolder folder, RunSnapshot said)
    {
        if (folder.IsFinished)
        {
            return said with { Status = RunStatus.Finished, Message = null };
        }

        return EventTail.Read(folder).FirstOrDefault() is { } last
            && last.Time("time") is { } time
            && time + Slack >= said.Updated
            && EventNames.Status(last.Text("event")) is var status
            && status != said.Status
                ? said with { Status = status, Updated = time, Message = last.Text("message") }
                : said;
    }
}
