namespace SynthSae.Terminal;

/// <summary>
/// What a colour stands for; the palette says how it looks on a terminal. It never carries a
/// meaning alone: a letter, a word or a shape says the same.
/// </summary>
internal enum Colour : byte
{
    /// <summary>The terminal's own.</summary>
    Default,

    Series1,
    Series2,
    Series3,
    Series4,
    Series5,
    Series6,
    Series7,
    Series8,

    /// <summary>Finished, recovered.</summary>
    Good,

    /// <summary>Needs a look: paused, split.</summary>
    Warn,

    /// <summary>Failed, missed, an error.</summary>
    Bad,

    /// <summary>What is there but not now important: axes, units, help.</summary>
    Muted,

    /// <summary>Headings, keys, the part that has the focus.</summary>
    Accent,

    /// <summary>Background of the selected row, where reverse video would be too loud.</summary>
    Selection,

    /// <summary>Negative values, far from zero first.</summary>
    Cold5,
    Cold4,
    Cold3,
    Cold2,
    Cold1,

    /// <summary>Zero.</summary>
    Zero,

    /// <summary>Positive values, near zero first.</summary>
    Heat1,
    Heat2,
    Heat3,
    Heat4,
    Heat5,
}
