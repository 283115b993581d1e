using System.Globalization;
using System.Text.RegularExpressions;
using SynthSae.Terminal;

namespace SynthSae.Tests.Terminal;

/// <summary>
/// A terminal that understands what a VT100 does and little more; whatever else it is sent is an
/// error. The attributes of a cell are kept as they were sent.
/// </summary>
internal sealed partial class VirtualScreen
{
    private readonly (string Text, string Look)[,] _cells;
    private string _look = "0";
    private int _column;
    private int _row;

    public VirtualScreen(Size size)
    {
        Size = size;
        _cells = new (string, string)[size.Rows, size.Columns];
        Erase(0, 0);
    }

    public Size Size { get; }

    /// <summary>Modes that are set, such as "?1049".</summary>
    public HashSet<string> Modes { get; } = [];

    /// <summary>Bytes that came.</summary>
    public int Bytes { get; private set; }

    public string Look(int column, int row) => _cells[row, column].Look;

    public IReadOnlyList<string> Lines() =>
        [.. Enumerable.Range(0, Size.Rows).Select(row => string.Concat(
            Enumerable.Range(0, Size.Columns).Select(column => _cells[row, column].Text)).TrimEnd(' '))];

    public void Write(string text)
    {
        Bytes += text.Length;
        var at = 0;
        while (at < text.Length)
        {
            if (text[at] == '\e')
            {
                var match = Sequence().Match(text, at);
                if (!match.Success || match.Index != at)
                {
                    throw new FormatException($"unknown sequence at {text[at..Math.Min(text.Length, at + 12)].Replace("\e", "ESC")}");
                }

                at += match.Length;
                Obey(match.Groups[1].Value, match.Groups[2].Value);
                continue;
            }

            var cluster = StringInfo.GetNextTextElement(text, at);
            at += cluster.Length;
            Put(cluster);
        }
    }

    private void Put(string cluster)
    {
        var width = Measure.Width(cluster);
        if (width == 0 || cluster[0] < ' ')
        {
            throw new FormatException("a control character");
        }

        for (var half = 0; half < width && _column < Size.Columns; half++)
        {
            _cells[_row, _column++] = (half == 0 ? cluster : "", _look);
        }

        // Without wrapping the last column is written again and again.
        _column = Math.Min(_column, Size.Columns - 1);
    }

    private void Obey(string body, string last)
    {
        switch (last)
        {
            case "H":
                var place = body.Split(';').Select(int.Parse).ToArray();
                (_row, _column) = (place[0] - 1, place[1] - 1);
                break;
            case "m":
                _look = body;
                break;
            case "K":
                Erase(_row, _column, _row + 1);
                break;
            case "J" when body == "2":
                Erase(0, 0);
                break;
            case "h":
                Modes.Add(body);
                break;
            case "l":
                Modes.Remove(body);
                break;
            default:
                throw new FormatException($"unknown sequence {body}{last}");
        }
    }

    private void Erase(int row, int column, int? below = null)
    {
        for (var y = row; y < (below ?? Size.Rows); y++)
        {
            for (var x = y == row ? column : 0; x < Size.Columns; x++)
            {
                _cells[y, x] = (" ", "0");
            }
        }
    }

    [GeneratedRegex(@"\G\e\[([?0-9;]*)([A-Za-z])")]
    private static partial Regex Sequence();
}
