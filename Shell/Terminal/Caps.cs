namespace SynthSae.Terminal;

/// <summary>What a terminal can do and what its owner wants of it; found out once.</summary>
/// <param name="Colours">How many colours.</param>
/// <param name="Glyphs">Which characters.</param>
/// <param name="Mouse">Clicks are asked for; off, so that text can be copied as everywhere.</param>
/// <param name="SyncOutput">The terminal shows a frame only when all of it has come.</param>
/// <param name="Light">The background is light.</param>
/// <param name="Remote">Over SSH: fewer bytes.</param>
internal sealed record Caps(
    ColourDepth Colours,
    Glyphs Glyphs,
    bool Mouse = false,
    bool SyncOutput = false,
    bool Light = false,
    bool Remote = false)
{
    /// <summary>Everything that is drawn, in all colours.</summary>
    public static Caps Full { get; } = new(ColourDepth.True, Glyphs.Braille);

    /// <summary>ASCII without colours.</summary>
    public static Caps Least { get; } = new(ColourDepth.None, Glyphs.Ascii);
}
