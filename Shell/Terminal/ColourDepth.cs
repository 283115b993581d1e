namespace SynthSae.Terminal;

/// <summary>How many colours a terminal has.</summary>
internal enum ColourDepth
{
    /// <summary>None, or none are wanted: bold, dim, underlined and reverse video remain.</summary>
    None,
    Ansi16,
    Ansi256,
    True,
}
