using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace SynthSae.Terminal;

/// <summary>Text in cells of a terminal, as Spectre.Console measures it.</summary>
internal static class Measure
{
    private const string Ellipsis = "…";

    /// <summary>Cells that a text takes.</summary>
    public static int Width(string text)
    {
        if (Ascii.IsPlain(text))
        {
            return text.Length;
        }

        var width = 0;
        foreach (var (_, cells) in Clusters(text))
        {
            width += cells;
        }

        return width;
    }

    /// <summary>
    /// The letters of a text, each with its accents and its width of one or two cells. Control
    /// characters are shown as spaces: text from files cannot command the terminal.
    /// </summary>
    public static IEnumerable<(string Text, int Width)> Clusters(string text)
    {
        var at = 0;
        while (at < text.Length)
        {
            if (text[at] is >= ' ' and <= '~' && (at + 1 == text.Length || text[at + 1] < 0x300))
            {
                yield return (Cell.Of(text[at++]), 1);
                continue;
            }

            var length = StringInfo.GetNextTextElementLength(text, at);
            var cluster = text.Substring(at, length);
            at += length;
            if (cluster == "\r\n" || IsControl(cluster))
            {
                yield return (" ", 1);
            }
            else if (ClusterWidth(cluster) is > 0 and var width)
            {
                yield return (cluster, width);
            }
        }
    }

    /// <summary>The beginning of a text, with an ellipsis where something is left out.</summary>
    public static string Truncate(string text, int width)
    {
        if (width <= 0)
        {
            return "";
        }

        if (Width(text) <= width)
        {
            return text;
        }

        var kept = new StringBuilder();
        var used = 0;
        foreach (var (cluster, cells) in Clusters(text))
        {
            if (used + cells > width - 1)
            {
                break;
            }

            kept.Append(cluster);
            used += cells;
        }

        return kept.Append(Ellipsis).ToString();
    }

    /// <summary>The end of a text, with an ellipsis before it: paths, what is typed.</summary>
    public static string TruncateLeft(string text, int width)
    {
        if (width <= 0 || Width(text) <= width)
        {
            return width <= 0 ? "" : text;
        }

        var clusters = Clusters(text).ToList();
        var first = clusters.Count;
        for (var used = 0; first > 0 && used + clusters[first - 1].Width <= width - 1; first--)
        {
            used += clusters[first - 1].Width;
        }

        return Ellipsis + string.Concat(clusters.Skip(first).Select(cluster => cluster.Text));
    }

    /// <summary>Exactly that many cells: truncated, or filled with spaces.</summary>
    public static string Fit(string text, int width, Align align = Align.Left)
    {
        var shown = Truncate(text, width);
        var space = Math.Max(0, width - Width(shown));
        return align switch
        {
            Align.Right => new string(' ', space) + shown,
            Align.Centre =>
                new string(' ', space / 2) + shown + new string(' ', space - (space / 2)),
            _ => shown + new string(' ', space),
        };
    }

    private static bool IsControl(string cluster) =>
        Rune.TryGetRuneAt(cluster, 0, out var rune) && Rune.IsControl(rune);

    // Lone surrogates are one cell; a cluster is as wide as its widest rune.
    private static int ClusterWidth(string cluster)
    {
        var widest = 0;
        foreach (var rune in cluster.EnumerateRunes())
        {
            widest = Math.Max(widest, RuneWidth(rune));
        }

        return Math.Min(widest, 2);
    }

    private static int RuneWidth(Rune rune)
    {
        var category = Rune.GetUnicodeCategory(rune);
        return category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format
            ? 0
            : Math.Clamp(new Segment(rune.ToString()).CellCount(), 0, 2);
    }
}
