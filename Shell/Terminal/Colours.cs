namespace SynthSae.Terminal;

/// <summary>Colours that are counted or measured.</summary>
internal static class Colours
{
    /// <summary>Levels on each side of zero.</summary>
    public const int Levels = 5;

    /// <summary>Colours of lines that can be told from each other.</summary>
    public const int SeriesCount = 8;

    /// <summary>The colour of a line, counted from zero; they repeat.</summary>
    public static Colour Series(int index) =>
        (Colour)((int)Colour.Series1 + (((index % SeriesCount) + SeriesCount) % SeriesCount));

    /// <summary>From -1 over 0 to 1; NaN has no colour.</summary>
    public static Colour Diverging(double value) =>
        double.IsNaN(value)
            ? Colour.Default
            : (Colour)((int)Colour.Zero + (int)Math.Round(Math.Clamp(value, -1, 1) * Levels));
}
