namespace SynthSae.Terminal;

/// <summary>How a cell looks; the default is plain.</summary>
internal readonly record struct Style(
    Colour Foreground = Colour.Default,
    Colour Background = Colour.Default,
    bool Bold = false,
    bool Dim = false,
    bool Reverse = false,
    bool Underline = false)
{
    /// <summary>As the terminal shows text.</summary>
    public static Style Plain => default;

    public static Style Muted => new(Colour.Muted);

    public static Style Accent => new(Colour.Accent, Bold: true);

    public static Style Strong => new(Bold: true);

    public static Style Good => new(Colour.Good);

    public static Style Warn => new(Colour.Warn);

    public static Style Bad => new(Colour.Bad, Bold: true);

    /// <summary>A letter of a text.</summary>
    public static implicit operator Style(Colour colour) => new(colour);
}
