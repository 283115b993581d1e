namespace SynthSae.Terminal;

/// <summary>Columns and rows of a screen, in cells.</summary>
internal readonly record struct Size(int Columns, int Rows)
{
    /// <summary>What everything is made for: a terminal of 80×24.</summary>
    public static Size Standard { get; } = new(80, 24);

    /// <summary>True if both are at least those of <paramref name="other"/>.</summary>
    public bool Covers(Size other) => Columns >= other.Columns && Rows >= other.Rows;

    public override string ToString() => $"{Columns}×{Rows}";
}
