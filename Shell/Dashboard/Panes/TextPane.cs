using SynthSae.Terminal;

namespace SynthSae.Dashboard.Panes;

/// <summary>Lines of text of which a window is seen.</summary>
/// <param name="Offset">Lines above the window.</param>
/// <param name="Follow">The window stays at the end while lines are added.</param>
internal readonly record struct TextPane(int Offset, bool Follow)
{
    /// <summary>Up or down by so many lines; at the end it follows what comes.</summary>
    public TextPane Scroll(int by, int lines, int height, bool followsAtEnd)
    {
        var last = Math.Max(0, lines - height);
        var from = Follow ? last : Math.Min(Offset, last);
        var to = Math.Clamp(from + by, 0, last);
        return new TextPane(to, followsAtEnd && to == last && (Follow || by > 0));
    }

    /// <summary>Draw the lines that are seen, and a mark of where the window is.</summary>
    public void Draw(
        Frame frame,
        Rect area,
        IReadOnlyList<(string Text, Style Style)> lines,
        string empty)
    {
        if (lines.Count == 0)
        {
            frame.Put(area, 1, 0, Measure.Truncate(empty, area.Width - 1), Style.Muted);
            return;
        }

        var last = Math.Max(0, lines.Count - area.Height);
        var from = Follow ? last : Math.Clamp(Offset, 0, last);
        var text = last > 0 ? area.CutRight(1).Others : area;
        for (var row = 0; row < area.Height && from + row < lines.Count; row++)
        {
            var (line, style) = lines[from + row];
            frame.Put(text, 0, row, Measure.Truncate(line, text.Width), style);
        }

        if (last > 0 && area.Width > 1)
        {
            DrawBar(frame, area.CutRight(1).Right, (double)from / lines.Count, lines.Count);
        }
    }

    private static void DrawBar(Frame frame, Rect area, double from, int lines)
    {
        var length = Math.Max(1, area.Height * area.Height / lines);
        var top = Math.Min(area.Height - length, (int)Math.Round(from * area.Height));
        for (var row = 0; row < area.Height; row++)
        {
            var inside = row >= top && row < top + length;
            frame.Put(area, 0, row, inside ? "█" : "│", Style.Muted);
        }
    }
}
