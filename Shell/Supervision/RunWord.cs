using System.Text.Json.Nodes;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>Says where a run stands that no process trains; the caller holds its folder.</summary>
internal static class RunWord
{
    /// <summary>
    /// The run has failed before it could begin or go on. False where the folder cannot be written
    /// to.
    /// </summary>
    public static bool TryFail(RunFolder folder, string message)
    {
        try
        {
            Say(
                folder,
                RunStatus.Failed,
                said => said with { Message = message },
                ("bug", false),
                ("message", message));
            return true;
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            return false;
        }
    }

    /// <summary>The run's status from now on: in its status file, then in its log.</summary>
    public static void Say(
        RunFolder folder,
        RunStatus status,
        Func<RunSnapshot, RunSnapshot> change,
        params (string Key, JsonNode? Value)[] fields)
    {
        if (Last(folder) is { } said)
        {
            StatusFile.Write(folder, change(said with
            {
                Status = status,
                Phase = "",
                What = "",
                SamplesPerSecond = double.NaN,
                SecondsLeft = double.NaN,
                CpuShare = double.NaN,
                GpuShare = double.NaN,
                Pid = 0,
                Updated = DateTime.UtcNow,
                Message = null,
            }));
        }

        using var events = new EventLog(folder.EventsFile);
        events.Append(status.Word(), fields);
    }

    /// <summary>
    /// What the run said last, in its log where it left no status file; null for a folder without
    /// either.
    /// </summary>
    public static RunSnapshot? Last(RunFolder folder) =>
        StatusFile.Read(folder) ?? RunReading.Read(folder.Path, DateTime.UtcNow)?.Snapshot;
}
