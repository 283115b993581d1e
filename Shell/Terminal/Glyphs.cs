namespace SynthSae.Terminal;

/// <summary>The characters that a terminal can show.</summary>
internal enum Glyphs
{
    /// <summary>Nothing beyond ASCII.</summary>
    Ascii,

    /// <summary>Lines, blocks and shades; no braille.</summary>
    Blocks,

    /// <summary>Also braille: eight dots to a cell.</summary>
    Braille,
}
