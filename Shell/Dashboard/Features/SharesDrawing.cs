using System.Globalization;
using SynthSae.Features;
using SynthSae.Formatting;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.Features;

/// <summary>
/// How recovery depends on depth, rate and magnitude: a bar of letters for each group.
/// </summary>
internal static class SharesDrawing
{
    private const int ColumnWidth = 56;
    private const int LabelWidth = 15;

    /// <summary>Groups of features under a heading.</summary>
    private sealed record Block(
        string Title, IReadOnlyList<(string Label, FeatureGroup Group)> Groups)
    {
        // Heading, groups, and a row of air.
        public int Height => Groups.Count + 2;
    }

    /// <summary>Draw them, in several columns where these have room.</summary>
    public static void Draw(Frame frame, Rect area, FeatureSummary summary, int scrolled)
    {
        var columns = Columns(summary, area.Width);
        var height = columns.Max(Height);
        var (bar, rest) = height > area.Height ? area.CutRight(1) : (default, area);
        var first = Math.Clamp(scrolled, 0, Math.Max(0, height - area.Height));
        foreach (var (place, blocks) in rest.Columns(columns.Count).Zip(columns))
        {
            var row = -first;
            foreach (var block in blocks)
            {
                DrawBlock(frame, place.CutRight(1).Others, row, block);
                row += block.Height;
            }
        }

        if (height > area.Height)
        {
            Terminal.Tables.Scrollbar.Draw(frame, bar, first, height);
        }
    }

    /// <summary>The lines scrolled over after a move by so many.</summary>
    public static int Scroll(FeaturesScreen screen, Context context, int by)
    {
        var body = FeaturesDrawing.Body(screen, context);
        var height = screen.Content?.Summary is { } summary
            ? Columns(summary, body.Width).Max(Height)
            : 0;
        return (int)Math.Clamp((long)screen.Scrolled + by, 0, Math.Max(0, height - body.Height));
    }

    private static int Height(IReadOnlyList<Block> blocks) =>
        Math.Max(0, blocks.Sum(block => block.Height) - 1);

    // Each block in the column that is shortest so far.
    private static List<List<Block>> Columns(FeatureSummary summary, int width)
    {
        var blocks = Blocks(summary);
        var columns = Enumerable.Range(0, Math.Clamp(width / ColumnWidth, 1, blocks.Count))
            .Select(_ => new List<Block>())
            .ToList();
        foreach (var block in blocks)
        {
            columns.MinBy(Height)!.Add(block);
        }

        return columns;
    }

    private static List<Block> Blocks(FeatureSummary summary) =>
    [
        new("depth", [.. summary.ByDepth.Select(at => (
            at.Depth < 0 ? "outside" : FormattableString.Invariant($"{at.Depth}"), at.Group))]),
        new("active in", [.. summary.ByRate.Select(bin => (
            $"{Figure(100 * bin.From)}–{Figure(100 * bin.To)} %", bin.Group))]),
        new("magnitude", [.. summary.ByMagnitude.Select(bin => (
            $"{Figure(bin.From)}–{Figure(bin.To)}", bin.Group))]),
    ];

    private static void DrawBlock(Frame frame, Rect area, int top, Block block)
    {
        var roomy = area.Width >= ColumnWidth - 2;
        var heads = Texts("features", "rec.", "F1", "|cos|", roomy);
        DrawLine(frame, area, top, Style.Accent, block.Title, null, heads);
        for (var index = 0; index < block.Groups.Count; index++)
        {
            var (label, group) = block.Groups[index];
            DrawLine(frame, area, top + 1 + index, Style.Plain, label, group, Texts(
                Counts.Short(group.Features),
                FeaturesDrawing.Percent(group.Share(FeatureVerdict.Recovered)),
                FeaturesDrawing.Share(group.MeanF1),
                FeaturesDrawing.Share(group.MeanCosine),
                roomy));
        }
    }

    private static string Texts(string features, string share, string f1, string cosine, bool roomy)
    {
        static string Cell(string text, int width) => Measure.Fit(text, width, Align.Right);
        return roomy
            ? Cell(features, 9) + Cell(share, 5) + Cell(f1, 6) + Cell(cosine, 6)
            : Cell(share, 5) + Cell(f1, 5);
    }

    private static void DrawLine(
        Frame frame,
        Rect area,
        int row,
        Style style,
        string label,
        FeatureGroup? group,
        string text)
    {
        if (row < 0 || row >= area.Height)
        {
            return;
        }

        var labelWidth = Math.Min(LabelWidth, area.Width / 2);
        var (left, rest) = area.CutLeft(labelWidth);
        var (right, bar) = rest.CutRight(Measure.Width(text));
        frame.PutLine(left, row, label, style);
        frame.PutLine(right, row, text, style);
        if (group is not null)
        {
            var column = 0;
            foreach (var (letters, look) in VerdictLook.Bar(group, bar.Width))
            {
                column = frame.Put(bar, column, row, letters, look);
            }
        }
    }

    // Two digits, without powers of ten.
    private static string Figure(double value)
    {
        var text = value.ToString("G2", CultureInfo.InvariantCulture);
        return text.Contains('E', StringComparison.Ordinal)
            ? value.ToString("0.######", CultureInfo.InvariantCulture)
            : text;
    }
}
