namespace SynthSae.Formatting;

/// <summary>Breaks running text at spaces.</summary>
internal static class Wrap
{
    /// <summary>
    /// Lines of at most <paramref name="width"/> characters; a longer word stands alone.
    /// </summary>
    public static IEnumerable<string> Lines(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : line + " " + word;
            }
        }

        yield return line;
    }
}
