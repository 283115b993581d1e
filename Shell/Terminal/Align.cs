namespace SynthSae.Terminal;

/// <summary>Where text stands in a wider place.</summary>
internal enum Align
{
    Left,
    Right,
    Centre,
}
