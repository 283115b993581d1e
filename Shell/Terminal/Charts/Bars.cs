namespace SynthSae.Terminal.Charts;

/// <summary>Horizontal bars, one to a row.</summary>
internal static class Bars
{
    private const string Eighths = " ▏▎▍▌▋▊▉";
    private const int LeastBar = 4;

    /// <summary>Draw as many bars as there are rows.</summary>
    /// <param name="frame">Where.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="bars">From the top.</param>
    /// <param name="max">The value of a bar of full length; NaN: the longest.</param>
    /// <param name="caps">What can be shown.</param>
    public static void Draw(Frame frame, Rect area, IReadOnlyList<Bar> bars, double max, Caps caps)
    {
        var shown = bars.Take(Math.Max(0, area.Height)).ToList();
        var full = max > 0
            ? max
            : shown.Select(bar => bar.Value).Where(double.IsFinite).DefaultIfEmpty().Max();
        var texts = shown.Select(bar => Measure.Width(bar.Text)).DefaultIfEmpty().Max();
        var labels = Math.Min(
            shown.Select(bar => Measure.Width(bar.Label)).DefaultIfEmpty().Max(),
            Math.Max(0, Math.Max(area.Width / 3, area.Width - texts - 2 - (4 * LeastBar))));
        var (labelArea, rest) = area.CutLeft(labels);
        var (textArea, middle) = rest.CutRight(Math.Min(texts, rest.Width));
        var barArea = middle.Inset(1, 0);
        for (var row = 0; row < shown.Count; row++)
        {
            frame.PutLine(labelArea, row, shown[row].Label);
            frame.PutLine(textArea, row, shown[row].Text, Style.Plain, Align.Right);
            if (barArea.Width >= LeastBar)
            {
                var share = full > 0 ? Math.Clamp(shown[row].Value / full, 0, 1) : 0;
                frame.Put(
                    barArea,
                    0,
                    row,
                    Text(share, barArea.Width, caps.Glyphs),
                    shown[row].Colour);
            }
        }
    }

    /// <summary>A bar of a share of the width, on a ground of dots.</summary>
    public static string Text(double share, int width, Glyphs glyphs)
    {
        var cells = double.IsNaN(share) ? 0 : Math.Clamp(share, 0, 1) * Math.Max(0, width);
        var whole = glyphs == Glyphs.Ascii ? (int)Math.Round(cells) : (int)(cells + (1.0 / 16));
        var eighths = (int)Math.Round((cells - whole) * Eighths.Length);
        var part = glyphs == Glyphs.Ascii || eighths <= 0 || whole >= width
            ? ""
            : Eighths[Math.Min(eighths, Eighths.Length - 1)].ToString();
        return new string(glyphs == Glyphs.Ascii ? '#' : '█', whole) + part
            + new string(
                glyphs == Glyphs.Ascii ? '.' : '·', Math.Max(0, width - whole - part.Length));
    }
}
