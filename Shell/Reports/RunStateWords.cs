using SynthSae.Formatting;
using SynthSae.Store;

namespace SynthSae.Reports;

/// <summary>Where a run stands, in a sentence.</summary>
internal static class RunStateWords
{
    /// <summary>
    /// E.g. "running: training, step 1,045 of 2,930, 354k samples/s, 5.4 s left".
    /// </summary>
    public static string Of(RunSummary run, DateTime now)
    {
        var (status, at) = (run.Status.Word(), run.Snapshot);
        var message = at.Message is { } text ? $": {text}" : "";
        return run.Status switch
        {
            RunStatus.Running => $"{status}: {string.Join(", ", Running(run, now))}",
            RunStatus.Queued => $"{status} since {Moment(at.Updated)}{message}",
            RunStatus.Interrupted =>
                $"{status}: its process died; last heard of at {Moment(at.Updated)}{Steps(at)}",
            RunStatus.Finished => $"{status} at {Moment(at.Updated)}",
            _ => $"{status} at {Moment(at.Updated)}{Steps(at)}{message}",
        };
    }

    /// <summary>A moment for people, in UTC as in the names of runs.</summary>
    public static string Moment(DateTime time) =>
        time == default ? "–" : time.ToString("yyyy-MM-dd HH:mm:ss'Z'");

    private static IEnumerable<string> Running(RunSummary run, DateTime now)
    {
        var at = run.Snapshot;
        yield return at.Phase.Length == 0 ? "starting" : at.Phase;
        if (at.Step > 0)
        {
            yield return $"step {Counts.Exact(at.Step)} of {Counts.Exact(at.Steps)}";
        }

        if (at.ScoringShare > 0)
        {
            yield return $"{Math.Floor(at.ScoringShare * 100):0}% scored";
        }

        if (at.SamplesPerSecond > 0)
        {
            yield return $"{Counts.Short(at.SamplesPerSecond)} samples/s";
        }

        if (at.SecondsLeft >= 0)
        {
            yield return $"{Durations.Words(at.SecondsLeft)} left";
        }

        if (run.Silence(now) is { } silence)
        {
            yield return $"stale {Durations.Words(Math.Floor(silence.TotalSeconds))}";
        }
    }

    private static string Steps(RunSnapshot at) =>
        at.Step > 0 ? $", after step {Counts.Exact(at.Step)} of {Counts.Exact(at.Steps)}" : "";
}
