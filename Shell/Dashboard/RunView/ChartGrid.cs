using SynthSae.Terminal;

namespace SynthSae.Dashboard.RunView;

/// <summary>How many charts an area has room for, and where they are.</summary>
internal static class ChartGrid
{
    /// <summary>No more than these are drawn.</summary>
    public const int Most = 4;

    private const int LeastWidth = 40;
    private const int LeastHeight = 8;

    /// <summary>How many fit: one at least.</summary>
    public static int Room(Size size)
    {
        var (across, down) = Fit(size);
        return across * down;
    }

    /// <summary>Places for so many charts, as far as they fit; all of the area is used.</summary>
    public static IReadOnlyList<Rect> Places(Rect area, int charts)
    {
        var count = Math.Min(charts, Room(area.Size));
        if (count <= 0)
        {
            return [];
        }

        var (across, down) = Fit(area.Size);
        var rows = Math.Min(down, count);
        var each = (count + rows - 1) / rows;
        if (each > across)
        {
            (rows, each) = ((count + across - 1) / across, across);
        }

        var places = new List<Rect>();
        foreach (var row in area.Rows(rows))
        {
            places.AddRange(row.Columns(Math.Min(each, count - places.Count)));
        }

        return places;
    }

    private static (int Across, int Down) Fit(Size size)
    {
        var across = Math.Clamp(size.Columns / LeastWidth, 1, 2);
        var down = Math.Clamp(size.Rows / LeastHeight, 1, Most / across);
        return (across, down);
    }
}
