using SynthSae.Store;

namespace SynthSae.Dashboard;

/// <summary>A metric of one SAE of a run, ready to be drawn.</summary>
/// <param name="Name">As in <see cref="MetricSeries"/>.</param>
/// <param name="Sae">From 0.</param>
/// <param name="Steps">Where.</param>
/// <param name="Samples">The same in samples.</param>
/// <param name="Values">NaN where there was none.</param>
internal sealed record Curve(
    string Name,
    int Sae,
    ReadOnlyMemory<double> Steps,
    ReadOnlyMemory<double> Samples,
    ReadOnlyMemory<double> Values);

/// <summary>What a run's log told at one moment; an immutable copy.</summary>
internal sealed record RunCurves
{
    /// <summary>Metrics in the order in which they first occurred.</summary>
    public IReadOnlyList<Curve> Curves { get; init; } = [];

    /// <summary>Evaluations, checkpoints and the like.</summary>
    public IReadOnlyList<RunMarker> Markers { get; init; } = [];

    /// <summary>The log in words.</summary>
    public IReadOnlyList<RunLine> Lines { get; init; } = [];

    /// <summary>Phases in their order.</summary>
    public IReadOnlyList<RunPhaseStart> Phases { get; init; } = [];

    /// <summary>Steps to take; 0 if that is not known.</summary>
    public long Steps { get; init; }

    /// <summary>How many SAEs there are.</summary>
    public int Saes { get; init; } = 1;

    /// <summary>Names of all metrics, in their order.</summary>
    public IEnumerable<string> Names => Curves.Select(curve => curve.Name).Distinct();

    /// <summary>A metric of an SAE; null if there is none of that name.</summary>
    public Curve? Find(string name, int sae = 0) =>
        Curves.FirstOrDefault(curve => curve.Name == name && curve.Sae == sae);

    /// <summary>A copy of what a history holds now.</summary>
    public static RunCurves Of(RunHistory history) =>
        new()
        {
            Curves = [.. history.Series.Select(Copy)],
            Markers = [.. history.Markers],
            Lines = [.. history.Lines],
            Phases = [.. history.Phases],
            Steps = history.Steps,
            Saes = history.Saes,
        };

    private static Curve Copy(MetricSeries series)
    {
        var count = series.Points.Count;
        var (steps, samples, values) = (new double[count], new double[count], new double[count]);
        for (var index = 0; index < count; index++)
        {
            var point = series.Points[index];
            (steps[index], samples[index], values[index]) =
                (point.Step, point.Samples, point.Value);
        }

        return new Curve(series.Name, series.Sae, steps, samples, values);
    }
}
