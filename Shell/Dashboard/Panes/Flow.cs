using SynthSae.Terminal;

namespace SynthSae.Dashboard.Panes;

/// <summary>
/// Pieces of text, each with a style, put into lines between which they are not parted.
/// </summary>
internal static class Flow
{
    private const string Gap = "  ";

    /// <summary>Draw as many lines as there is room for.</summary>
    /// <returns>What is left of the area below them.</returns>
    public static Rect Draw(
        Frame frame, Rect area, IEnumerable<(string Text, Style Style)> pieces, int most = 99)
    {
        var (row, column) = (0, 0);
        foreach (var (text, style) in pieces)
        {
            var width = Measure.Width(text);
            if (width == 0)
            {
                continue;
            }

            if (column > 0 && column + Gap.Length + width > area.Width)
            {
                (row, column) = (row + 1, 0);
            }

            if (row >= Math.Min(most, area.Height))
            {
                return area.CutTop(row).Others;
            }

            column += column > 0 ? Gap.Length : 0;
            frame.Put(area, column, row, Measure.Truncate(text, area.Width), style);
            column += width;
        }

        return area.CutTop(column > 0 ? row + 1 : row).Others;
    }
}
