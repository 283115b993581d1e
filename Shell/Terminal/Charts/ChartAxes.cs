namespace SynthSae.Terminal.Charts;

/// <summary>The axes of a chart, with ticks, labels and markers.</summary>
internal static class ChartAxes
{
    /// <summary>The vertical axis.</summary>
    public static void DrawY(
        Frame frame,
        ChartLayout layout,
        Axis axis,
        IReadOnlyList<(double Value, string Label)> ticks)
    {
        var area = layout.Labels;
        for (var row = 0; row < area.Height; row++)
        {
            frame.Put(area, area.Width - 1, row, "│", Style.Muted);
        }

        foreach (var (value, label) in ticks)
        {
            if (At(axis.Position(value), area.Height) is { } fromBelow)
            {
                var row = area.Height - 1 - fromBelow;
                frame.Put(
                    area, 0, row, Measure.Fit(label, area.Width - 1, Align.Right), Style.Muted);
                frame.Put(area, area.Width - 1, row, "┤", Style.Muted);
            }
        }
    }

    /// <summary>The horizontal axis.</summary>
    public static void DrawX(
        Frame frame,
        ChartLayout layout,
        Axis axis,
        IReadOnlyList<(double Value, string Label)> ticks,
        ChartOptions options)
    {
        var line = layout.Axis;
        if (line.IsEmpty)
        {
            return;
        }

        frame.Put(line, 0, 0, new string('─', Math.Max(0, line.Width)), Style.Muted);
        frame.Put(
            layout.Labels with { Height = layout.Labels.Height + 1 },
            layout.Labels.Width - 1,
            layout.Labels.Height,
            "└",
            Style.Muted);
        var name = options.XLabel.Length == 0 ? "" : " " + options.XLabel;
        var end = layout.Values.Width - Measure.Width(name);
        if (end < layout.Values.Width / 2)
        {
            (name, end) = ("", layout.Values.Width);
        }

        frame.Put(layout.Values, end, 0, name, Style.Muted);
        var free = 0;
        foreach (var (value, label) in ticks)
        {
            if (At(axis.Position(value), line.Width) is { } column)
            {
                frame.Put(line, column, 0, "┴", Style.Muted);
                free = PutLabel(frame, layout, column, label, free, end);
            }
        }

        foreach (var marker in options.Markers)
        {
            if (At(axis.Position(marker.X), line.Width) is { } column)
            {
                frame.Set(line.Left + column, line.Top, marker.Letter, Style.Accent);
            }
        }
    }

    // Under its tick, where the label before leaves room; the first free column after it.
    private static int PutLabel(
        Frame frame, ChartLayout layout, int column, string label, int free, int end)
    {
        var width = Measure.Width(label);
        var under = layout.Axis.Left - layout.Values.Left + column - (width / 2);
        var from = Math.Max(0, Math.Min(under, end - width));
        if (from < free || from + width > end)
        {
            return free;
        }

        frame.Put(layout.Values, from, 0, label, Style.Muted);
        return from + width + 1;
    }

    private static int? At(double position, int cells) =>
        position is >= -1e-9 and <= 1 + 1e-9 && cells > 0
            ? (int)Math.Round(position * (cells - 1))
            : null;
}
