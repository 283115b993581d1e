namespace SynthSae.Terminal.Charts;

/// <summary>The names of the lines of a chart.</summary>
internal static class ChartLegend
{
    private const int MostRows = 2;
    private const int Gap = 2;

    /// <summary>
    /// What stands for a line in ASCII, at its end and in the legend: the mark of its points, or
    /// its number if there are several.
    /// </summary>
    public static char Letter(IReadOnlyList<ChartSeries> series, int index) =>
        series[index].Mark
        ?? (series.Count == 1 ? '*'
            : index < 9 ? (char)('1' + index)
            : (char)('a' + ((index - 9) % 26)));

    /// <summary>Columns that it takes in one row.</summary>
    public static int Width(IReadOnlyList<ChartSeries> series) =>
        series.Sum(one => Measure.Width(one.Name) + 2 + Gap) - Gap;

    /// <summary>Rows that the legend takes at a width.</summary>
    public static int Rows(IReadOnlyList<ChartSeries> series, int width) =>
        Places(series, width).Select(place => place.Row + 1).DefaultIfEmpty().Max();

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, IReadOnlyList<ChartSeries> series)
    {
        foreach (var (index, column, row) in Places(series, area.Width))
        {
            var text = $"{Letter(series, index)} {series[index].Name}";
            frame.Put(area, column, row, Measure.Truncate(text, area.Width), series[index].Colour);
        }
    }

    private static IEnumerable<(int Index, int Column, int Row)> Places(
        IReadOnlyList<ChartSeries> series, int width)
    {
        var (column, row) = (0, 0);
        for (var index = 0; index < series.Count; index++)
        {
            var length = Math.Min(width, Measure.Width(series[index].Name) + 2);
            if (column > 0 && column + length > width)
            {
                (column, row) = (0, row + 1);
            }

            if (row >= MostRows)
            {
                yield break;
            }

            yield return (index, column, row);
            column += length + Gap;
        }
    }
}
