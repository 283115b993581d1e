namespace SynthSae.Terminal.Charts;

/// <summary>Horizontal bars, one to a row.</summary>
internal static class Bars
{
    /// <summary>Draw as many bars as there are rows.</summary>
    /// <param name="frame">Where.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="bars">From the top.</param>
    /// <param name="max">The value of a bar of full length; NaN: the longest.</param>
    /// <param name="caps">What can be shown.</param>
    public static void Draw(Frame frame, Rect area, IReadOnlyList<Bar> bars, double max, Caps caps)
    {
        frame.PutLine(area, 0, $"{bars.Count} {max} {caps.Glyphs}");
    }
}
