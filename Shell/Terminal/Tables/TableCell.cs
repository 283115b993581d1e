namespace SynthSae.Terminal.Tables;

/// <summary>What stands in a row under a heading.</summary>
internal readonly record struct TableCell(string Text, Style Style = default)
{
    public static implicit operator TableCell(string text) => new(text);
}
