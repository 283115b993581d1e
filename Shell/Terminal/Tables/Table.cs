namespace SynthSae.Terminal.Tables;

/// <summary>Rows under headings, as many columns and rows as fit.</summary>
internal static class Table
{
    /// <summary>
    /// Draw the rows about the selected one. Only those that are seen are asked for.
    /// </summary>
    /// <param name="frame">Where.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="columns">In their order.</param>
    /// <param name="count">How many rows there are.</param>
    /// <param name="row">The cells of a row, one for each column.</param>
    /// <param name="options">How.</param>
    public static void Draw(
        Frame frame,
        Rect area,
        IReadOnlyList<TableColumn> columns,
        int count,
        Func<int, IReadOnlyList<TableCell>> row,
        TableOptions options)
    {
        var (headings, body) = area.CutTop(options.Headings && area.Height > 1 ? 1 : 0);
        var first = First(options.Selected, body.Height, count);
        var scrolls = count > body.Height && body.Height > 1 && area.Width > 10;
        var width = area.Width - (scrolls ? 2 : 0);
        var rows = Enumerable.Range(first, Math.Clamp(count - first, 0, Math.Max(0, body.Height)))
            .Select(row)
            .ToList();
        var titles = columns.Select((column, index) => Title(column, index, options)).ToList();
        var fit = ColumnFit.Of(columns, Natural(titles, rows), width);
        DrawRow(
            frame,
            headings,
            0,
            columns,
            fit,
            [.. titles.Select(title => new TableCell(title, Style.Accent))]);
        for (var at = 0; at < rows.Count; at++)
        {
            DrawRow(frame, body, at, columns, fit, rows[at]);
            if (first + at == options.Selected)
            {
                frame.Paint(body.Row(at) with { Width = width }, style => Select(style, options));
            }
        }

        if (count == 0)
        {
            frame.PutLine(body, 0, options.Empty, Style.Muted);
        }

        if (scrolls)
        {
            Scrollbar.Draw(frame, body.CutRight(1).Right, first, count);
        }
    }

    /// <summary>
    /// The first row that is shown: the selected one stands in the middle, as far as can be.
    /// </summary>
    public static int First(int selected, int visible, int count) =>
        Math.Clamp(selected - (visible / 2), 0, Math.Max(0, count - Math.Max(0, visible)));

    /// <summary>The selection after a move, within the rows that there are; -1 for none.</summary>
    public static int Move(int selected, int by, int count) =>
        count <= 0 ? -1 : (int)Math.Clamp((long)selected + by, 0, count - 1);

    private static string Title(TableColumn column, int index, TableOptions options) =>
        index == options.SortedBy
            ? column.Heading + (options.Descending ? "▼" : "▲")
            : column.Heading;

    private static int[] Natural(
        IReadOnlyList<string> titles, IReadOnlyList<IReadOnlyList<TableCell>> rows)
    {
        var widths = titles.Select(Measure.Width).ToArray();
        foreach (var cells in rows)
        {
            for (var index = 0; index < Math.Min(widths.Length, cells.Count); index++)
            {
                widths[index] = Math.Max(widths[index], Measure.Width(cells[index].Text));
            }
        }

        return widths;
    }

    private static void DrawRow(
        Frame frame,
        Rect area,
        int row,
        IReadOnlyList<TableColumn> columns,
        IReadOnlyList<(int Index, int Width)> fit,
        IReadOnlyList<TableCell> cells)
    {
        var column = 0;
        foreach (var (index, width) in fit)
        {
            if (index < cells.Count)
            {
                var text = Measure.Fit(cells[index].Text, width, columns[index].Align);
                frame.Put(area, column, row, text, cells[index].Style);
            }

            column += width + ColumnFit.Gap;
        }
    }

    private static Style Select(Style style, TableOptions options) =>
        options.Focused
            ? new Style(Bold: style.Bold, Reverse: true)
            : style with { Background = Colour.Selection, Bold = true };
}
