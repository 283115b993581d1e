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
        frame.PutLine(area, 0, $"{columns.Count} {count} {row} {options.Selected}");
    }
}
