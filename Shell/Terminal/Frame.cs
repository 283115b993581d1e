using System.Text;

namespace SynthSae.Terminal;

/// <summary>
/// The cells of one screen. Whatever is drawn outside is left out, so that drawing cannot fail, at
/// any size.
/// </summary>
internal sealed class Frame
{
    private readonly Cell[] _cells;

    public Frame(Size size)
    {
        Size = new Size(Math.Max(0, size.Columns), Math.Max(0, size.Rows));
        _cells = new Cell[Size.Columns * Size.Rows];
        Array.Fill(_cells, Cell.Blank);
    }

    public Size Size { get; }

    /// <summary>All of it.</summary>
    public Rect Area => Rect.Of(Size);

    /// <summary>A cell; blank outside.</summary>
    public Cell this[int column, int row] =>
        Area.Contains(column, row) ? _cells[(row * Size.Columns) + column] : Cell.Blank;

    /// <summary>The cells of one row.</summary>
    public ReadOnlySpan<Cell> Row(int row) =>
        _cells.AsSpan(row * Size.Columns, Size.Columns);

    /// <summary>Write one line of text.</summary>
    /// <param name="area">What is outside of it is left out.</param>
    /// <param name="column">Counted from the area's left; may be negative.</param>
    /// <param name="row">Counted from the area's top.</param>
    /// <param name="text">Without line breaks.</param>
    /// <param name="style">How it looks.</param>
    /// <returns>The column, in the area, after the text.</returns>
    public int Put(Rect area, int column, int row, string text, Style style = default)
    {
        var clip = area.Intersect(Area);
        var y = area.Top + row;
        foreach (var (cluster, width) in Measure.Clusters(text))
        {
            if (y >= clip.Top && y < clip.Bottom)
            {
                PutCluster(clip, area.Left + column, y, cluster, width, style);
            }

            column += width;
        }

        return column;
    }

    /// <summary>Write a text that takes the width of the area, truncated or filled up.</summary>
    public void PutLine(
        Rect area, int row, string text, Style style = default, Align align = Align.Left) =>
        Put(area, 0, row, Measure.Fit(text, area.Width, align), style);

    /// <summary>Write pieces of text, each with a style, one after the other.</summary>
    /// <returns>The column after the last.</returns>
    public int Put(
        Rect area, int column, int row, params ReadOnlySpan<(string Text, Style Style)> pieces)
    {
        foreach (var (text, style) in pieces)
        {
            column = Put(area, column, row, text, style);
        }

        return column;
    }

    /// <summary>Put one narrow character into a cell, counted from the screen's corner.</summary>
    public void Set(int column, int row, char glyph, Style style)
    {
        if (Area.Contains(column, row))
        {
            Store(column, row, new Cell(Cell.Of(glyph), style));
        }
    }

    /// <summary>Fill an area with one narrow character.</summary>
    public void Fill(Rect area, char glyph = ' ', Style style = default)
    {
        var clip = area.Intersect(Area);
        for (var row = clip.Top; row < clip.Bottom; row++)
        {
            for (var column = clip.Left; column < clip.Right; column++)
            {
                Set(column, row, glyph, style);
            }
        }
    }

    /// <summary>Change the styles of an area and leave its text.</summary>
    public void Paint(Rect area, Func<Style, Style> change)
    {
        var clip = area.Intersect(Area);
        for (var row = clip.Top; row < clip.Bottom; row++)
        {
            foreach (ref var cell in Span(row, clip.Left, clip.Width))
            {
                cell = cell with { Style = change(cell.Style) };
            }
        }
    }

    /// <summary>Draw a border with a title in it.</summary>
    /// <returns>What is inside.</returns>
    public Rect Box(Rect area, string title = "", Style style = default, Style titleStyle = default)
    {
        if (area.Width < 2 || area.Height < 2)
        {
            return area with { Width = 0, Height = 0 };
        }

        var edge = new string('─', area.Width - 2);
        Put(area, 0, 0, $"┌{edge}┐", style);
        Put(area, 0, area.Height - 1, $"└{edge}┘", style);
        for (var row = 1; row < area.Height - 1; row++)
        {
            Put(area, 0, row, "│", style);
            Put(area, area.Width - 1, row, "│", style);
        }

        if (title.Length > 0 && area.Width > 6)
        {
            Put(area, 2, 0, $" {Measure.Truncate(title, area.Width - 6)} ", titleStyle);
        }

        return area.Inset(1);
    }

    /// <summary>Put stand-ins for all that is not ASCII.</summary>
    public Frame ToAscii()
    {
        for (var index = 0; index < _cells.Length; index++)
        {
            var cell = _cells[index];
            // The right half of a wide letter is a cell of its own now.
            _cells[index] = cell with { Text = cell.Text == "" ? " " : Ascii.StandIn(cell.Text) };
        }

        return this;
    }

    /// <summary>The rows as text, without spaces at their ends.</summary>
    public IReadOnlyList<string> Lines()
    {
        var lines = new string[Size.Rows];
        var line = new StringBuilder();
        for (var row = 0; row < lines.Length; row++)
        {
            line.Clear();
            foreach (var cell in Row(row))
            {
                line.Append(cell.Text);
            }

            lines[row] = line.ToString().TrimEnd(' ');
        }

        return lines;
    }

    /// <summary>The rows as text.</summary>
    public override string ToString() => string.Join('\n', Lines());

    private void PutCluster(Rect clip, int x, int y, string cluster, int width, Style style)
    {
        if (x >= clip.Left && x + width <= clip.Right)
        {
            Store(x, y, new Cell(cluster, style));
            if (width == 2)
            {
                Store(x + 1, y, new Cell("", style));
                _cells[(y * Size.Columns) + x] = new Cell(cluster, style);
            }

            return;
        }

        // Half of a wide letter cannot be shown.
        for (var half = x; width == 2 && half < x + 2; half++)
        {
            if (clip.Contains(half, y))
            {
                Store(half, y, new Cell(" ", style));
            }
        }
    }

    // Writing over one half of a wide letter leaves a space for the other.
    private void Store(int column, int row, Cell cell)
    {
        var at = (row * Size.Columns) + column;
        if (_cells[at].Text.Length == 0 && column > 0)
        {
            _cells[at - 1] = _cells[at - 1] with { Text = " " };
        }

        if (column + 1 < Size.Columns && _cells[at + 1].Text.Length == 0)
        {
            _cells[at + 1] = _cells[at + 1] with { Text = " " };
        }

        _cells[at] = cell;
    }

    private Span<Cell> Span(int row, int column, int width) =>
        width <= 0 ? [] : _cells.AsSpan((row * Size.Columns) + column, width);
}
