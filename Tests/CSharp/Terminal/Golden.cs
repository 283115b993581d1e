using System.Runtime.CompilerServices;
using System.Text;
using SynthSae.Terminal;
using Xunit;

namespace SynthSae.Tests.Terminal;

/// <summary>
/// Frames as files: the text, and below it a map of the styles, a letter for each with what it
/// means. What differs is written beside the file, as NAME.actual.txt; to accept it, move it.
/// </summary>
internal static class Golden
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// <summary>Compare a frame with Tests/golden/frames/NAME.txt.</summary>
    public static void Check(string name, Frame frame, [CallerFilePath] string source = "")
    {
        var folder = Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "golden", "frames");
        folder = source.Contains("/CSharp/Terminal/") || source.Contains("/CSharp/Dashboard/")
            ? Path.GetFullPath(folder)
            : throw new InvalidOperationException($"{source} does not lie beside the frames");
        var file = Path.Combine(folder, $"{name}.txt");
        var actual = Text(frame);
        var expected = File.Exists(file) ? File.ReadAllText(file) : "";
        var beside = Path.Combine(folder, $"{name}.actual.txt");
        if (actual == expected)
        {
            File.Delete(beside);
            return;
        }

        Directory.CreateDirectory(folder);
        File.WriteAllText(beside, actual);
        Assert.Fail($"{file} differs; {beside} has what is drawn now.\n{Difference(expected, actual)}");
    }

    /// <summary>Text and styles of a frame.</summary>
    public static string Text(Frame frame)
    {
        var styles = new List<Style> { Style.Plain };
        var map = new StringBuilder();
        for (var row = 0; row < frame.Size.Rows; row++)
        {
            var line = new StringBuilder();
            foreach (var cell in frame.Row(row))
            {
                var index = styles.IndexOf(cell.Style);
                if (index < 0)
                {
                    (index, _) = (styles.Count, 0);
                    styles.Add(cell.Style);
                }

                line.Append(index == 0 ? '.' : Letters[(index - 1) % Letters.Length]);
            }

            map.Append(line.ToString().TrimEnd('.')).Append('\n');
        }

        var key = styles.Skip(1).Select((style, index) => $"{Letters[index % Letters.Length]} {Words(style)}\n");
        return $"{frame}\n\n── styles ──\n{map}── key ──\n{string.Concat(key)}";
    }

    private static string Words(Style style)
    {
        var words = new List<string>();
        void Add(bool holds, string word)
        {
            if (holds)
            {
                words.Add(word);
            }
        }

        Add(style.Foreground != Colour.Default, $"{style.Foreground}");
        Add(style.Background != Colour.Default, $"on {style.Background}");
        Add(style.Bold, "bold");
        Add(style.Dim, "dim");
        Add(style.Reverse, "reverse");
        Add(style.Underline, "underline");
        return string.Join(' ', words).ToLowerInvariant();
    }

    private static string Difference(string expected, string actual)
    {
        var (old, now) = (expected.Split('\n'), actual.Split('\n'));
        var lines = Enumerable.Range(0, Math.Max(old.Length, now.Length))
            .Where(index => old.ElementAtOrDefault(index) != now.ElementAtOrDefault(index))
            .Take(12)
            .Select(index =>
                $"{index + 1,4} - {old.ElementAtOrDefault(index)}\n{index + 1,4} + {now.ElementAtOrDefault(index)}");
        return string.Join('\n', lines);
    }
}
