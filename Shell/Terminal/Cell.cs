namespace SynthSae.Terminal;

/// <summary>One cell of a screen.</summary>
/// <param name="Text">What stands there, a letter with its accents; empty for the right half of a
///   wide one.</param>
/// <param name="Style">How it looks.</param>
internal readonly record struct Cell(string Text, Style Style)
{
    private static readonly string[] Singles =
        [.. Enumerable.Range(0, 0x3000).Select(code => ((char)code).ToString())];

    /// <summary>Nothing.</summary>
    public static Cell Blank { get; } = new(" ", Style.Plain);

    /// <summary>The text of one character, without making a new one each time.</summary>
    public static string Of(char letter) =>
        letter < Singles.Length ? Singles[letter] : letter.ToString();
}
