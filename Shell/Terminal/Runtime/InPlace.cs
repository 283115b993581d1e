using System.Text;

namespace SynthSae.Terminal.Runtime;

/// <summary>
/// Lines on a terminal that are written over, below what was there before; the last of them stay
/// when the program ends.
/// </summary>
internal sealed class InPlace(TextWriter writer)
{
    private IReadOnlyList<string> _shown = [];

    /// <summary>Write lines in the place of those before; nothing if they are the same.</summary>
    public void Show(IReadOnlyList<string> lines)
    {
        if (_shown.SequenceEqual(lines))
        {
            return;
        }

        var text = new StringBuilder();
        if (_shown.Count > 0)
        {
            text.Append($"\e[{_shown.Count}A");
        }

        foreach (var line in lines)
        {
            text.Append(line).Append("\e[K\r\n");
        }

        writer.Write(text.Append("\e[J"));
        writer.Flush();
        _shown = lines;
    }
}
