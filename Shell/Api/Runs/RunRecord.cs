using SynthSae.Api;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae;

/// <summary>
/// What a run has written of itself: metrics over its steps, and what happened. It may be read
/// while the run goes on: <see cref="Refresh"/> takes what was added. To be used from one thread at
/// a time.
/// </summary>
public sealed class RunRecord
{
    private readonly RunHistory _history;

    private RunRecord(RunHistory history) => _history = history;

    /// <summary>The log of a run's folder.</summary>
    /// <param name="runFolder">The folder, e.g. <see cref="RunInfo.Folder"/>.</param>
    /// <exception cref="SynthSaeException">It is no run folder, or cannot be read.</exception>
    public static RunRecord Open(string runFolder) =>
        Boundary.Run(() =>
        {
            var log = new RunRecord(new RunHistory(RunFolder.Open(runFolder)));
            log._history.Read();
            return log;
        });

    /// <summary>Every metric of every SAE, in the order in which they first occurred.</summary>
    public IReadOnlyList<MetricCurve> Curves => [.. _history.Series.Select(Copy)];

    /// <summary>What happened, in its order.</summary>
    public IReadOnlyList<RunLogEntry> Entries =>
        [.. _history.Lines.Select(line => new RunLogEntry(line.Time, line.Event, line.Text))];

    /// <summary>A metric of an SAE; null if there is none of that name.</summary>
    /// <param name="name">E.g. <c>loss</c>, <c>l0</c>, <c>eval.f1_score</c>.</param>
    /// <param name="sae">The SAE's place in the run, from 0.</param>
    public MetricCurve? Find(string name, int sae = 0) =>
        _history.Find(name, sae) is { } series ? Copy(series) : null;

    /// <summary>Take what was added since; true if there was anything.</summary>
    /// <exception cref="SynthSaeException">The log cannot be read any more.</exception>
    public bool Refresh() => Boundary.Run(_history.Read);

    private static MetricCurve Copy(MetricSeries series) =>
        new(series.Name, series.Sae, [.. series.Points.Select(point =>
            new MetricValue(point.Step, point.Samples, point.Value))]);
}
