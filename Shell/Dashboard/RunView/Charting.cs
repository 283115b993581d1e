using SynthSae.Formatting;
using SynthSae.Store;
using SynthSae.Terminal;
using SynthSae.Terminal.Charts;

namespace SynthSae.Dashboard.RunView;

/// <summary>Turns what a run's log told into charts.</summary>
internal static class Charting
{
    /// <summary>Draw a metric of one run, a line for each of its SAEs.</summary>
    public static void Draw(
        Frame frame,
        Rect area,
        RunCurves run,
        string metric,
        ChartLook look,
        bool focused,
        Caps caps)
    {
        IReadOnlyList<Curve> curves = [.. run.Of(metric)];
        var lines = curves.Select(curve => Line(curve, Name(run, curve), curve.Sae, look));
        var last = curves.Count == 1 ? $" {Numbers.Short(curves[0].Last())}" : "";
        var options = Options(metric, look, Extent(run.Curves, look), focused) with
        {
            Markers = look.Markers ? Marks(run.Markers, look) : [],
            Legend = run.Saes > 1,
        };
        Chart.Draw(
            frame, area, [.. lines], options with { Title = options.Title + last }, caps);
    }

    /// <summary>A line of a chart.</summary>
    public static ChartSeries Line(Curve curve, string name, int colour, ChartLook look) =>
        new(name, X(curve, look), curve.Values, Colours.Series(colour))
        {
            Joined = curve.Values.Length > 1,
        };

    /// <summary>How a metric is drawn.</summary>
    public static ChartOptions Options(
        string metric, ChartLook look, (double From, double To)? range, bool focused) =>
        new()
        {
            Title = $"{(focused ? "▸ " : "")}{MetricTitles.Of(metric)}{(look.Log ? " (log)" : "")}",
            XLabel = look.BySamples ? "samples" : "steps",
            LogY = look.Log,
            // Scores are few and far between: each counts for itself.
            Smoothing = metric.Contains('.') ? 0 : look.Smoothing,
            XRange = range,
        };

    /// <summary>
    /// What part of the axis is seen: the same for all metrics, so that charts can be read side by
    /// side; null where nothing was measured.
    /// </summary>
    public static (double From, double To)? Extent(IEnumerable<Curve> curves, ChartLook look)
    {
        var ends = curves
            .Where(curve => curve.Steps.Length > 0)
            .Select(curve => X(curve, look).Span[^1])
            .ToList();
        return ends.Count == 0 ? null : (ends.Max() * (1 - (1.0 / (1 << look.Zoom))), ends.Max());
    }

    private static ReadOnlyMemory<double> X(Curve curve, ChartLook look) =>
        look.BySamples ? curve.Samples : curve.Steps;

    private static string Name(RunCurves run, Curve curve) =>
        run.Saes > 1 ? $"SAE {curve.Sae}" : "";

    private static IReadOnlyList<ChartMarker> Marks(
        IReadOnlyList<RunMarker> markers, ChartLook look) =>
    [
        .. markers
            .Select(marker => (Letter: Letter(marker.Event),
                X: look.BySamples ? marker.Samples : marker.Step))
            .Where(mark => mark.Letter != default)
            .Distinct()
            .Select(mark => new ChartMarker(mark.X, mark.Letter)),
    ];

    /// <summary>The letter that marks an event on an axis; none for others.</summary>
    public static char Letter(string name) =>
        name switch
        {
            "evaluation" => 'E',
            "checkpoint" => 'C',
            "resampled" => 'R',
            "resumed" => 'B',
            _ => default,
        };
}
