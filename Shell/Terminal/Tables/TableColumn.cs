namespace SynthSae.Terminal.Tables;

/// <summary>A column of a table.</summary>
/// <param name="Heading">Above it.</param>
/// <param name="Align">Numbers stand to the right.</param>
/// <param name="Priority">Where there is little room columns of high numbers are left out first; 0
///   always stays.</param>
/// <param name="MinWidth">It is left out rather than narrower.</param>
/// <param name="MaxWidth">It is not made wider.</param>
internal sealed record TableColumn(
    string Heading,
    Align Align = Align.Left,
    int Priority = 1,
    int MinWidth = 3,
    int MaxWidth = int.MaxValue);
