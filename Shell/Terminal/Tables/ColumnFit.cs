namespace SynthSae.Terminal.Tables;

/// <summary>Which columns a table shows, and how wide.</summary>
internal static class ColumnFit
{
    /// <summary>Between two columns.</summary>
    public const int Gap = 2;

    /// <summary>The columns that fit, in their order, each with its width.</summary>
    /// <param name="columns">All of them.</param>
    /// <param name="natural">The width that each would like.</param>
    /// <param name="width">What there is.</param>
    public static IReadOnlyList<(int Index, int Width)> Of(
        IReadOnlyList<TableColumn> columns, IReadOnlyList<int> natural, int width)
    {
        int Least(int index) => Math.Max(1, Math.Min(columns[index].MinWidth, natural[index]));
        var kept = Enumerable.Range(0, columns.Count).ToList();
        while (kept.Count > 1 && Total(kept.Select(Least)) > width)
        {
            var last = kept.Max(index => columns[index].Priority);
            kept.RemoveAt(kept.FindLastIndex(index => columns[index].Priority == last));
        }

        var widths = kept
            .Select(index => Math.Clamp(
                natural[index], Least(index), Math.Max(Least(index), columns[index].MaxWidth)))
            .ToArray();
        var least = kept.Select(Least).ToArray();
        while (Total(widths) > width && Widest(widths, least) is >= 0 and var widest)
        {
            widths[widest]--;
        }

        return width <= 0
            ? []
            : [.. kept.Select((index, at) => (index, Math.Min(widths[at], width)))];
    }

    private static int Total(IEnumerable<int> widths)
    {
        var (sum, count) = (0, 0);
        foreach (var width in widths)
        {
            (sum, count) = (sum + width, count + 1);
        }

        return sum + (Gap * Math.Max(0, count - 1));
    }

    // The column with most to spare; -1 if none has any.
    private static int Widest(int[] widths, int[] least)
    {
        var widest = -1;
        for (var at = 0; at < widths.Length; at++)
        {
            if (widths[at] > least[at]
                && (widest < 0 || widths[at] - least[at] > widths[widest] - least[widest]))
            {
                widest = at;
            }
        }

        return widest;
    }
}
