namespace SynthSae.Terminal;

/// <summary>
/// How colours look. Those of lines are of Okabe and Ito's palette (2008), which people who see
/// red and green alike can tell apart; good is blue and bad is orange for the same reason.
/// </summary>
internal static class Palette
{
    /// <summary>A colour as terminals of different depth know it.</summary>
    /// <param name="Rgb">0xRRGGBB.</param>
    /// <param name="Of256">Of the 256 colours of xterm.</param>
    /// <param name="Of16">Of the 16 of ANSI.</param>
    internal readonly record struct Shade(int Rgb, byte Of256, byte Of16);

    private static readonly Dictionary<Colour, (Shade Dark, Shade Light)> Shades = new()
    {
        [Colour.Series1] = (new(0x56b4e9, 74, 14), new(0x0072b2, 25, 4)),
        [Colour.Series2] = (new(0xe69f00, 178, 11), new(0xb36b00, 130, 3)),
        [Colour.Series3] = (new(0x00b184, 36, 10), new(0x007a5a, 29, 2)),
        [Colour.Series4] = (new(0xcc79a7, 175, 13), new(0xa3487a, 132, 5)),
        [Colour.Series5] = (new(0xf0e442, 227, 15), new(0x7a7000, 100, 8)),
        [Colour.Series6] = (new(0x3d8fd1, 68, 12), new(0x004f7d, 24, 12)),
        [Colour.Series7] = (new(0xe8743b, 209, 9), new(0xc04000, 166, 1)),
        [Colour.Series8] = (new(0xaaaaaa, 248, 7), new(0x606060, 241, 0)),
        [Colour.Good] = (new(0x56b4e9, 74, 14), new(0x0072b2, 25, 4)),
        [Colour.Warn] = (new(0xf0e442, 227, 11), new(0x7a5c00, 94, 3)),
        [Colour.Bad] = (new(0xff8c42, 208, 9), new(0xb34700, 130, 1)),
        [Colour.Muted] = (new(0x8a8a8a, 245, 8), new(0x6c6c6c, 242, 8)),
        [Colour.Accent] = (new(0x7cc4f0, 117, 14), new(0x005f9e, 25, 4)),
        [Colour.Selection] = (new(0x3a3a3a, 237, 8), new(0xd0d0d0, 252, 7)),
        [Colour.Cold5] = Both(0x1f8fe0, 32, 12),
        [Colour.Cold4] = Both(0x1a72b3, 25, 12),
        [Colour.Cold3] = Both(0x175a8c, 24, 4),
        [Colour.Cold2] = Both(0x154364, 24, 4),
        [Colour.Cold1] = Both(0x142f43, 17, 4),
        [Colour.Zero] = Both(0x1c1c1c, 234, 0),
        [Colour.Heat1] = Both(0x43301a, 58, 3),
        [Colour.Heat2] = Both(0x6b4a1a, 94, 3),
        [Colour.Heat3] = Both(0x996618, 136, 3),
        [Colour.Heat4] = Both(0xc98314, 172, 11),
        [Colour.Heat5] = Both(0xffab1a, 214, 11),
    };

    /// <summary>
    /// How a colour looks on a dark or a light ground; null for the terminal's own.
    /// </summary>
    public static Shade? Of(Colour colour, bool light) =>
        Shades.TryGetValue(colour, out var shade) ? light ? shade.Light : shade.Dark : null;

    private static (Shade Dark, Shade Light) Both(int rgb, byte of256, byte of16) =>
        (new(rgb, of256, of16), new(rgb, of256, of16));
}
