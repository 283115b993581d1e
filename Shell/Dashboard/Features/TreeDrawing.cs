using System.Globalization;
using SynthSae.Features;
using SynthSae.Formatting;
using SynthSae.Terminal;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.Features;

/// <summary>The hierarchy, a line to a feature, and what is known of the selected one.</summary>
internal static class TreeDrawing
{
    private const int RowsForDetails = 9;

    private static TableColumn[] Columns(int width) =>
    [
        new("feature", Align.Left, 0, Math.Clamp(width / 4, 10, 26)),
        new("F1", Align.Right, 1, 4, 4),
        new("|cos|", Align.Right, 2, 4, 5),
        new("active", Align.Right, 3, 5, 7),
        new("lent", Align.Right, 4, 4, 5),
        new("own", Align.Right, 6, 3, 4),
        new("below", Align.Left, 5, 20),
        new("prec.", Align.Right, 7, 5, 5),
        new("recall", Align.Right, 7, 6, 6),
        new("latent", Align.Right, 8, 6, 8),
        new("magn.", Align.Right, 9, 5, 6),
    ];

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, FeatureTreeView tree)
    {
        Table.Draw(
            frame,
            ListOf(area, withHead: true),
            Columns(area.Width),
            tree.Lines.Length,
            row => Cells(tree, tree.Lines[row]),
            new TableOptions { Selected = tree.At, Empty = Empty(tree) });
        var details = area.CutBottom(area.Height - ListOf(area, withHead: true).Height).Bottom;
        if (tree.Node is { } node && details.Height > 1)
        {
            var (line, rest) = details.CutTop(1);
            frame.PutLine(line, 0, new string('─', line.Width), Style.Muted);
            DrawDetails(frame, rest, tree, node);
        }
    }

    /// <summary>Where the lines stand.</summary>
    public static Rect ListOf(Rect area, bool withHead = false)
    {
        // A line, and the words below it: as many as they take with usual numbers.
        var details = area.Width < 80 ? 5 : 4;
        var list = area.Height >= RowsForDetails ? area.CutBottom(details).Others : area;
        return withHead ? list : list.CutTop(1).Others;
    }

    private static void DrawDetails(Frame frame, Rect area, FeatureTreeView tree, int node)
    {
        var row = 0;
        var text = string.Join("; ", Words(tree, node));
        foreach (var line in Wrap.Lines(text, Math.Max(10, area.Width)))
        {
            frame.PutLine(area, row++, line);
        }

        if (node != FeatureForest.Outside)
        {
            var verdict = tree.Forest.Rows[node].Verdict;
            frame.Put(area, 0, 0, Title(tree, node), verdict.Style());
        }
    }

    private static string Title(FeatureTreeView tree, int node) =>
        $"{node} {tree.Forest.Rows[node].Verdict.Word()}";

    private static string Empty(FeatureTreeView tree) =>
        tree.Only is { } only ? $"no feature is {only.Word()}: f" : "there are no features";

    private static IReadOnlyList<TableCell> Cells(FeatureTreeView tree, FeatureLine line)
    {
        var mark = tree.Forest.Children(line.Node).Count == 0 ? " " : line.IsOpen ? "▾" : "▸";
        var indent = new string(' ', Math.Min(2 * line.Level, 40)) + mark + " ";
        if (line.Node == FeatureForest.Outside)
        {
            var name = indent + "outside all trees";
            return [name, "", "", "", "", "", Below(tree, line), "", "", "", ""];
        }

        var row = tree.Forest.Rows[line.Node];
        // Those that are only shown for what is below them stand back.
        var isAside = tree.Only is { } only && row.Verdict != only;
        return
        [
            new(
                FormattableString.Invariant($"{indent}{row.Verdict.Letter()} {row.Feature}"),
                isAside ? Style.Muted : row.Verdict.Style()),
            FeaturesDrawing.Share(row.Best.F1),
            FeaturesDrawing.Share(Math.Abs(row.Nearest.Cosine)),
            Rate(row.Rate),
            row.Lent > 0 ? FeaturesDrawing.Percent(row.Lent) : "",
            row.OwnLatents.ToString(CultureInfo.InvariantCulture),
            Below(tree, line),
            FeaturesDrawing.Share(row.Best.Precision),
            FeaturesDrawing.Share(row.Best.Recall),
            row.Best.Latent.ToString(CultureInfo.InvariantCulture),
            Magnitude(row),
        ];
    }

    // Of a node that is shut: what is below it.
    private static string Below(FeatureTreeView tree, FeatureLine line)
    {
        if (line.IsOpen || tree.Forest.Children(line.Node).Count == 0)
        {
            return "";
        }

        FeatureVerdict? own =
            line.Node == FeatureForest.Outside ? null : tree.Forest.Rows[line.Node].Verdict;
        int Count(FeatureVerdict verdict) =>
            tree.Forest.Count(line.Node, verdict) - (verdict == own ? 1 : 0);
        var parts = FeatureVerdicts.All
            .Where(verdict => Count(verdict) > 0)
            .Select(verdict => $"{verdict.Letter()} {Counts.Exact(Count(verdict))}");
        return string.Join("  ", parts);
    }

    private static IEnumerable<string> Words(FeatureTreeView tree, int node)
    {
        if (node == FeatureForest.Outside)
        {
            yield return "features that have neither parent nor children";
            yield break;
        }

        var row = tree.Forest.Rows[node];
        yield return Title(tree, node);
        yield return row.Parent >= 0 ? $"depth {row.Depth}, under {row.Parent}"
            : row.Depth >= 0 ? $"depth {row.Depth}"
            : "outside the hierarchy";
        yield return $"active {Rate(row.Rate)}, nominal {Rate(row.NominalRate)}";
        if (!double.IsNaN(row.MeanMagnitude))
        {
            yield return $"magnitude {Magnitude(row)}";
        }

        yield return "best " + Detector(row.Best);
        if (row.Nearest.Latent != row.Best.Latent)
        {
            yield return "nearest " + Detector(row.Nearest);
        }

        yield return
            $"own latents {row.OwnLatents}, together F1 {FeaturesDrawing.Share(row.TogetherF1)}";
        yield return $"lent {FeaturesDrawing.Percent(row.Lent)}";
    }

    private static string Detector(FeatureDetector latent) =>
        $"latent {latent.Latent}: F1 {FeaturesDrawing.Share(latent.F1)} (precision "
            + $"{FeaturesDrawing.Share(latent.Precision)}, recall "
            + $"{FeaturesDrawing.Share(latent.Recall)}), "
            + $"cos {FeaturesDrawing.Share(latent.Cosine)}";

    private static string Magnitude(FeatureRow row) =>
        double.IsNaN(row.MeanMagnitude)
            ? ""
            : row.MeanMagnitude.ToString(
                row.MeanMagnitude < 100 ? "0.00" : "0", CultureInfo.InvariantCulture);

    private static string Rate(double rate) =>
        rate == 0 ? "never"
        : (100 * rate).ToString(Digits(rate), CultureInfo.InvariantCulture) + "%";

    private static string Digits(double rate) =>
        rate < 0.001 ? "0.000" : rate < 0.01 ? "0.00" : "0.0";
}
