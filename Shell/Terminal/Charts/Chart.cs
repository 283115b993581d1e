namespace SynthSae.Terminal.Charts;

/// <summary>Line charts and clouds of points.</summary>
internal static class Chart
{
    private const double Margin = 0.04;
    private const int LegendGap = 3;
    private const int RowsPerTick = 3;
    private const int ColumnsPerTick = 10;

    /// <summary>Draw lines with axes, ticks and a legend; in whatever room there is.</summary>
    public static void Draw(
        Frame frame, Rect area, IReadOnlyList<ChartSeries> series, ChartOptions options, Caps caps)
    {
        var shown = series
            .Select(one => one with { Y = Ema.Of(one.Y, options.Smoothing) })
            .ToList();
        if (area.IsEmpty)
        {
            return;
        }

        if (Axes(shown, options) is not var (x, y))
        {
            frame.PutLine(area, 0, options.Title, Style.Strong);
            frame.PutLine(area, area.Height / 2, options.Empty, Style.Muted, Align.Centre);
            return;
        }

        var yTicks = Ticks.Of(y, Math.Max(2, area.Height / RowsPerTick));
        var labels = yTicks.Select(tick => Measure.Width(tick.Label)).DefaultIfEmpty().Max();
        var layout = DrawHead(frame, area, shown, options, labels + 1);
        ChartAxes.DrawY(frame, layout, y, yTicks);
        var xTicks = Ticks.Of(x, Math.Max(1, layout.Plot.Width / ColumnsPerTick));
        ChartAxes.DrawX(frame, layout, x, xTicks, options);
        DrawLines(frame, layout.Plot, shown, x, y, caps);
    }

    // The names stand beside the title where both fit in one row.
    private static ChartLayout DrawHead(
        Frame frame, Rect area, List<ChartSeries> series, ChartOptions options, int labelWidth)
    {
        var hasTitle = options.Title.Length > 0;
        var hasLegend = options.Legend && series.Count > 1;
        var titleWidth = hasTitle ? Measure.Width(options.Title) + LegendGap : 0;
        var beside = hasTitle && hasLegend
            && titleWidth + ChartLegend.Width(series) <= area.Width;
        var rows = hasLegend && !beside ? ChartLegend.Rows(series, area.Width) : 0;
        var layout = ChartLayout.Of(area, hasTitle, rows, labelWidth);
        frame.PutLine(layout.Title, 0, options.Title, Style.Strong);
        if (hasLegend)
        {
            var place = beside ? layout.Title.CutLeft(titleWidth).Others : layout.Legend;
            ChartLegend.Draw(frame, place, series);
        }

        return layout;
    }

    private static void DrawLines(
        Frame frame, Rect plot, List<ChartSeries> series, Axis x, Axis y, Caps caps)
    {
        var canvas = new DotCanvas(plot, caps.Glyphs);
        var lines = new Plot(canvas, x, y);
        for (var index = 0; index < series.Count; index++)
        {
            var (one, letter) = (series[index], ChartLegend.Letter(series, index));
            if (one.Joined)
            {
                lines.Line(one.X.Span, one.Y.Span, one.Colour, letter);
            }
            else if (one.Mark is null)
            {
                lines.Cloud(one.X.Span, one.Y.Span, one.Colour, letter);
            }

            DrawErrors(lines, one);
        }

        canvas.Show(frame);
        for (var index = 0; index < series.Count; index++)
        {
            DrawMarks(frame, plot, canvas, lines, series, index);
        }
    }

    private static void DrawErrors(Plot lines, ChartSeries one)
    {
        var x = one.X.Span;
        var y = one.Y.Span;
        var error = one.Error.Span;
        for (var index = 0; index < error.Length && index < x.Length && index < y.Length; index++)
        {
            if (error[index] > 0)
            {
                lines.Bar(
                    x[index], y[index] - error[index], y[index] + error[index], one.Colour, '|');
            }
        }
    }

    // Marks of the points; without them the line's number at its end, if there are several.
    private static void DrawMarks(
        Frame frame, Rect plot, DotCanvas canvas, Plot lines, List<ChartSeries> series, int index)
    {
        var one = series[index];
        var count = Math.Min(one.X.Length, one.Y.Length);
        var first = one.Mark is null ? count - 1 : 0;
        if (one.Mark is null && (series.Count < 2 || !one.Joined))
        {
            return;
        }

        while (one.Mark is null
            && first > 0
            && lines.Dot(one.X.Span[first], one.Y.Span[first]) is null)
        {
            first--;
        }

        for (var point = Math.Max(0, first); point < count; point++)
        {
            if (lines.Dot(one.X.Span[point], one.Y.Span[point]) is var (dotX, dotY))
            {
                var column = plot.Left + (int)((long)dotX * plot.Width / canvas.Width);
                var row = plot.Top + (int)((long)dotY * plot.Height / canvas.Height);
                var letter = ChartLegend.Letter(series, index);
                frame.Set(column, row, letter, new Style(one.Colour, Bold: true));
            }
        }
    }

    private static (Axis X, Axis Y)? Axes(List<ChartSeries> series, ChartOptions options)
    {
        var (x, y) = (Extent.None, Extent.None);
        foreach (var one in series)
        {
            (x, y) = Extent.Of(one, options, x, y);
        }

        return Axis.Of(x.Least, x.Greatest, options.XRange, options.LogX, 0) is { } across
            && Axis.Of(y.Least, y.Greatest, options.YRange, options.LogY, Margin) is { } up
            ? (across, up)
            : null;
    }
}
