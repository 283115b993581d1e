namespace SynthSae.Terminal.Charts;

/// <summary>A matrix of values between -1 and 1 as colours, shades or letters.</summary>
internal static class HeatMap
{
    private const string PositiveShades = " ░░▒▓█";
    private const string PositiveLetters = " .:+*#";
    private const string NegativeLetters = " ,;-=~";

    /// <summary>
    /// Draw a matrix; one that is larger than the area is reduced to the value farthest from zero
    /// of each block, a smaller one takes whole cells.
    /// </summary>
    /// <param name="frame">Where.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="rows">Rows of the matrix.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="value">The value at a row and a column; NaN: none.</param>
    /// <param name="caps">What can be shown.</param>
    /// <returns>What the matrix takes of the area.</returns>
    public static Rect Draw(
        Frame frame, Rect area, int rows, int columns, Func<int, int, double> value, Caps caps)
    {
        if (area.IsEmpty || rows <= 0 || columns <= 0)
        {
            return area with { Width = 0, Height = 0 };
        }

        var halves = HasHalves(caps);
        var high = Extent(rows, area.Height * (halves ? 2 : 1));
        var wide = Extent(columns, area.Width);
        for (var y = 0; y < high; y += halves ? 2 : 1)
        {
            for (var x = 0; x < wide; x++)
            {
                var upper = Block(rows, columns, high, wide, y, x, value);
                var lower = halves && y + 1 < high
                    ? Block(rows, columns, high, wide, y + 1, x, value)
                    : double.NaN;
                var row = area.Top + (halves ? y / 2 : y);
                frame.Set(area.Left + x, row, Glyph(upper, caps), Look(upper, lower, halves));
            }
        }

        return area with { Width = wide, Height = halves ? (high + 1) / 2 : high };
    }

    /// <summary>What its colours or letters mean, in one row.</summary>
    /// <param name="frame">Where.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="caps">What can be shown.</param>
    /// <param name="signed">There are values below zero.</param>
    public static void DrawLegend(Frame frame, Rect area, Caps caps, bool signed = true)
    {
        var column = frame.Put(area, 0, 0, signed ? "-1 " : "0 ", Style.Muted);
        for (var level = signed ? -Colours.Levels : 0; level <= Colours.Levels; level++)
        {
            var value = (double)level / Colours.Levels;
            var style = Look(value, double.NaN, false);
            frame.Put(area, column, 0, Cell.Of(HasHalves(caps) ? '█' : Glyph(value, caps)), style);
            column++;
        }

        frame.Put(area, column, 0, signed ? " +1" : " 1", Style.Muted);
    }

    private static bool HasHalves(Caps caps) =>
        caps.Glyphs != Glyphs.Ascii && caps.Colours >= ColourDepth.Ansi256;

    // As many pixels as fit; a small matrix takes a whole number for each of its values.
    private static int Extent(int values, int room) =>
        values >= room ? room : room / values * values;

    private static double Block(
        int rows, int columns, int high, int wide, int y, int x, Func<int, int, double> value)
    {
        var (fromRow, toRow) = Span(y, high, rows);
        var (fromColumn, toColumn) = Span(x, wide, columns);
        var farthest = double.NaN;
        for (var row = fromRow; row < toRow; row++)
        {
            for (var column = fromColumn; column < toColumn; column++)
            {
                var one = value(row, column);
                if (double.IsNaN(farthest) || Math.Abs(one) > Math.Abs(farthest))
                {
                    farthest = one;
                }
            }
        }

        return farthest;
    }

    private static (int From, int To) Span(int pixel, int pixels, int values)
    {
        var from = (int)((long)pixel * values / pixels);
        return (from, Math.Max(from + 1, (int)((long)(pixel + 1) * values / pixels)));
    }

    private static Style Look(double upper, double lower, bool halves) =>
        new(Colours.Diverging(upper), halves ? Colours.Diverging(lower) : Colour.Default);

    private static char Glyph(double value, Caps caps)
    {
        if (HasHalves(caps))
        {
            return double.IsNaN(value) ? ' ' : '▀';
        }

        if (double.IsNaN(value))
        {
            return ' ';
        }

        var level = (int)Math.Round(Math.Min(1, Math.Abs(value)) * Colours.Levels);
        return value < 0 ? NegativeLetters[level]
            : caps.Glyphs == Glyphs.Ascii ? PositiveLetters[level]
            : PositiveShades[level];
    }
}
