using System.Globalization;
using SynthSae.Dashboard.RunList;
using SynthSae.Formatting;
using SynthSae.Store;
using SynthSae.Store.Filtering;

namespace SynthSae.Watching;

/// <summary>How a run stands, in one line for a log.</summary>
internal static class SnapshotLine
{
    /// <summary>"12:03:05  ID  running 47%  step 940 of 2,000  …".</summary>
    public static string Of(RunSummary run, DateTime now, bool named)
    {
        var time = now.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        var words = new List<string> { time };
        if (named)
        {
            words.Add(run.Id);
        }

        var snapshot = run.Snapshot;
        words.Add($"{run.Status.Word()} {Advance.Percent(RunProgress.Share(snapshot))}");
        if (run.Status == RunStatus.Running)
        {
            words.AddRange(Pace(run, now));
        }

        words.AddRange(Figures(snapshot));
        words.Add(snapshot.Message?.Split('\n')[0] ?? "");
        return string.Join("  ", words.Where(word => word.Length > 0));
    }

    private static IEnumerable<string> Pace(RunSummary run, DateTime now)
    {
        var snapshot = run.Snapshot;
        if (run.Silence(now) is { } silence)
        {
            yield return $"stale {Durations.Words(Math.Floor(silence.TotalSeconds))}";
            yield break;
        }

        if (snapshot.Phase != "training")
        {
            yield return snapshot.ScoringShare > 0
                ? $"scoring {Advance.Percent(snapshot.ScoringShare)}"
                : snapshot.Phase;
            yield break;
        }

        yield return $"step {Counts.Exact(snapshot.Step)} of {Counts.Exact(snapshot.Steps)}";
        if (snapshot.SamplesPerSecond > 0)
        {
            yield return $"{Counts.Short(snapshot.SamplesPerSecond)} samples/s";
            yield return $"{Durations.Words(snapshot.SecondsLeft)} left";
        }
    }

    private static IEnumerable<string> Figures(RunSnapshot run)
    {
        static string Text(RunSnapshot run, Func<SaeFigures, double> figure) =>
            SaeRange.Of(run, figure).Text(13, SaeRange.Compact);
        if (run.Saes.Any(sae => double.IsFinite(sae.Loss)))
        {
            yield return $"loss {Text(run, sae => sae.Loss)}";
            yield return $"L0 {Text(run, sae => sae.L0)}";
            yield return $"R² {Text(run, sae => sae.R2)}";
        }

        if (run.Saes.Any(sae => double.IsFinite(sae.F1)))
        {
            yield return $"MCC {Text(run, sae => sae.Mcc)}";
            yield return $"F1 {Text(run, sae => sae.F1)}";
        }
    }
}
