namespace SynthSae.Terminal.Tables;

/// <summary>Which part of something longer is seen.</summary>
internal static class Scrollbar
{
    /// <summary>Draw it along an area of one column, for rows of which so many are seen.</summary>
    /// <param name="frame">Where.</param>
    /// <param name="area">One column, as high as what is seen.</param>
    /// <param name="first">The first row that is seen.</param>
    /// <param name="count">All rows.</param>
    public static void Draw(Frame frame, Rect area, int first, int count)
    {
        if (count <= area.Height || area.IsEmpty)
        {
            return;
        }

        var length = Math.Max(1, (int)((long)area.Height * area.Height / count));
        var from = (int)((long)first * (area.Height - length) / Math.Max(1, count - area.Height));
        for (var row = 0; row < area.Height; row++)
        {
            var inside = row >= from && row < from + length;
            frame.Put(area, 0, row, inside ? "█" : "│", Style.Muted);
        }
    }
}
