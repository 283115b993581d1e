using System.Globalization;
using System.Text;

namespace SynthSae.Terminal;

/// <summary>
/// Frames as bytes for a terminal: only cells that have changed, in one piece; nothing for a frame
/// that is equal to the last. The one place that knows escape codes.
/// </summary>
internal sealed class Renderer(Caps caps)
{
    // A few unchanged cells are shorter than a move over them.
    private const int Bridge = 4;

    private readonly StringBuilder _out = new();
    private Frame? _last;
    private Style? _style;
    private (int Column, int Row)? _cursor;

    /// <summary>
    /// Take over the terminal: a screen of its own, no cursor, no wrapped lines, pasted text
    /// marked.
    /// </summary>
    public string Enter()
    {
        Forget();
        return "\e[?1049h\e[?25l\e[?7l\e[?2004h" + (caps.Mouse ? "\e[?1000h\e[?1006h" : "")
            + "\e[0m\e[2J";
    }

    /// <summary>Give the terminal back as it was.</summary>
    public static string Leave { get; } =
        "\e[?2026l\e[?1006l\e[?1000l\e[?2004l\e[?7h\e[0m\e[?25h\e[?1049l";

    /// <summary>The next frame is drawn as a whole.</summary>
    public void Forget() => _last = null;

    /// <summary>
    /// What brings the terminal from the last frame to this one; empty if nothing.
    /// </summary>
    public string Draw(Frame frame)
    {
        _out.Clear();
        (_style, _cursor) = (null, null);
        var before = _last?.Size == frame.Size ? _last : null;
        for (var row = 0; row < frame.Size.Rows; row++)
        {
            DrawRow(frame, before, row);
        }

        _last = frame;
        if (before is null)
        {
            _out.Insert(0, "\e[0m\e[2J");
        }
        else if (_out.Length == 0)
        {
            return "";
        }

        _out.Append("\e[0m");
        return caps.SyncOutput ? $"\e[?2026h{_out}\e[?2026l" : _out.ToString();
    }

    private void DrawRow(Frame frame, Frame? before, int row)
    {
        var cells = frame.Row(row);
        var old = before is null ? default : before.Row(row);
        var blankFrom = BlankFrom(cells);
        for (var column = 0; column < cells.Length; column++)
        {
            if (!IsChanged(cells, old, column))
            {
                continue;
            }

            if (column >= blankFrom)
            {
                if (before is not null)
                {
                    MoveTo(column, row, cells);
                    Write(Style.Plain);
                    _out.Append("\e[K");
                }

                return;
            }

            // The left half stands for both.
            var from = cells[column].Text.Length == 0 && column > 0 ? column - 1 : column;
            MoveTo(from, row, cells);
            column = WriteCell(cells, from, row);
        }
    }

    private static bool IsChanged(ReadOnlySpan<Cell> cells, ReadOnlySpan<Cell> old, int column) =>
        old.IsEmpty ? cells[column] != Cell.Blank : cells[column] != old[column];

    private static int BlankFrom(ReadOnlySpan<Cell> cells)
    {
        var from = cells.Length;
        while (from > 0 && cells[from - 1] == Cell.Blank)
        {
            from--;
        }

        return from;
    }

    private void MoveTo(int column, int row, ReadOnlySpan<Cell> cells)
    {
        if (_cursor == (column, row))
        {
            return;
        }

        if (_cursor is var (at, line) && line == row && at < column && column - at <= Bridge
            && IsSimple(cells[at..column]))
        {
            while (at < column)
            {
                at = WriteCell(cells, at, row) + 1;
            }

            return;
        }

        _out.Append(CultureInfo.InvariantCulture, $"\e[{row + 1};{column + 1}H");
        _cursor = (column, row);
    }

    // Cells that are written over as they stand, without a change of style.
    private bool IsSimple(ReadOnlySpan<Cell> cells)
    {
        foreach (var cell in cells)
        {
            if (cell.Text.Length != 1 || cell.Style != _style)
            {
                return false;
            }
        }

        return true;
    }

    // The last column that was written.
    private int WriteCell(ReadOnlySpan<Cell> cells, int column, int row)
    {
        var cell = cells[column];
        Write(cell.Style);
        _out.Append(cell.Text.Length == 0 ? " " : cell.Text);
        var wide = column + 1 < cells.Length && cells[column + 1].Text.Length == 0;
        var last = wide ? column + 1 : column;
        // Terminals do not agree how wide some letters are, nor what happens after the last column.
        var known = !wide && cell.Text.Length <= 1 && last + 1 < cells.Length;
        _cursor = known ? (last + 1, row) : null;
        return last;
    }

    private void Write(Style style)
    {
        if (_style == style)
        {
            return;
        }

        _style = style;
        _out.Append("\e[0");
        Append(style.Bold, "1");
        Append(style.Dim, "2");
        Append(style.Underline, "4");
        Append(style.Reverse, "7");
        Append(style.Foreground, 30);
        Append(style.Background, 40);
        _out.Append('m');
    }

    private void Append(bool holds, string code)
    {
        if (holds)
        {
            _out.Append(';').Append(code);
        }
    }

    private void Append(Colour colour, int plane)
    {
        if (Palette.Of(colour, caps.Light) is not { } shade)
        {
            return;
        }

        var (red, green, blue) = (shade.Rgb >> 16, (shade.Rgb >> 8) & 255, shade.Rgb & 255);
        FormattableString code = caps.Colours switch
        {
            ColourDepth.True => $";{plane + 8};2;{red};{green};{blue}",
            ColourDepth.Ansi256 => $";{plane + 8};5;{shade.Of256}",
            ColourDepth.Ansi16 => $";{(shade.Of16 < 8 ? plane : plane + 52) + shade.Of16}",
            _ => $"",
        };
        _out.Append(code.ToString(CultureInfo.InvariantCulture));
    }
}
