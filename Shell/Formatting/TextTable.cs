using System.Text;

namespace SynthSae.Formatting;

/// <summary>
/// Columns of plain text, aligned; readable on a terminal, in a file and in a pipe.
/// </summary>
internal sealed class TextTable(params TextTable.Column[] columns)
{
    private const string Gap = "  ";
    private const int LeastWrapped = 16;
    private readonly List<string[]> _rows = [];

    /// <summary>
    /// A column: its heading, and whether its cells are numbers (set to the right).
    /// </summary>
    public readonly record struct Column(string Heading, bool Right = false);

    /// <summary>Append a row; missing cells are empty.</summary>
    public TextTable Add(params string[] cells)
    {
        _rows.Add([.. cells, .. Enumerable.Repeat("", columns.Length - cells.Length)]);
        return this;
    }

    /// <summary>
    /// Write the heading (if any column has one) and the rows; the last column is wrapped to the
    /// width.
    /// </summary>
    public void Write(TextWriter writer, int width = int.MaxValue)
    {
        var headings = columns.Select(column => column.Heading).ToArray();
        string[][] all = headings.All(string.IsNullOrEmpty) ? [.. _rows] : [headings, .. _rows];
        var widths = columns
            .Select((_, index) => all.Select(row => row[index].Length).DefaultIfEmpty().Max())
            .ToArray();

        foreach (var row in all)
        {
            WriteRow(writer, row, widths, width);
        }
    }

    private void WriteRow(TextWriter writer, string[] row, int[] widths, int width)
    {
        var line = new StringBuilder();
        for (var index = 0; index < row.Length - 1; index++)
        {
            var cell = columns[index].Right
                ? row[index].PadLeft(widths[index])
                : row[index].PadRight(widths[index]);
            line.Append(cell).Append(Gap);
        }

        var indent = line.Length;
        if (columns[^1].Right)
        {
            writer.WriteLine(line.Append(row[^1].PadLeft(widths[^1])).ToString().TrimEnd());
            return;
        }

        foreach (var part in Wrap.Lines(row[^1], Math.Max(LeastWrapped, width - indent)))
        {
            writer.WriteLine(line.Append(part).ToString().TrimEnd());
            line.Clear().Append(' ', indent);
        }
    }
}
