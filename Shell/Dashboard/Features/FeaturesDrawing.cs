using SynthSae.Features;
using SynthSae.Formatting;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.Features;

/// <summary>Draws the screen of features.</summary>
internal static class FeaturesDrawing
{
    private const int RowsForTitle = 13;

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, FeaturesScreen screen, Context context)
    {
        var body = Head(frame, area, screen, context);
        if (screen.Content is not { Summary: { } summary })
        {
            DrawAbsence(frame, body, screen, context);
            return;
        }

        switch (screen.Tab)
        {
            case FeatureTab.Shares:
                SharesDrawing.Draw(frame, body, summary, screen.Scrolled);
                break;
            case FeatureTab.Tree:
                TreeDrawing.Draw(frame, body, screen.Tree!);
                break;
            default:
                MapDrawing.Draw(frame, body, summary, context.Caps);
                break;
        }
    }

    /// <summary>The area of the tab, without drawing anything that stays.</summary>
    public static Rect Body(FeaturesScreen screen, Context context) =>
        Head(new Frame(context.Size), DashboardLayout.Of(context).Body, screen, context);

    /// <summary>Lines that are seen of it at once.</summary>
    public static int Rows(FeaturesScreen screen, Context context)
    {
        var body = Body(screen, context);
        return screen.Tab == FeatureTab.Tree ? TreeDrawing.ListOf(body).Height : body.Height;
    }

    private static Rect Head(Frame frame, Rect area, FeaturesScreen screen, Context context)
    {
        var rest = area;
        var name = Name(screen, context);
        if (area.Height >= RowsForTitle)
        {
            (var title, rest) = area.CutTop(1);
            frame.PutLine(title, 0, name, Style.Strong);
            name = "";
        }

        (var tabs, rest) = rest.CutTop(1);
        var column = DrawTabs(frame, tabs, screen.Tab) + 1;
        frame.PutLine(tabs.CutLeft(column).Others, 0, name, Style.Strong);
        if (screen.Content?.Summary is { } summary)
        {
            (var counts, rest) = rest.CutTop(area.Height >= RowsForTitle ? 2 : 1);
            DrawCounts(frame, counts, summary);
        }

        return rest;
    }

    private static string Name(FeaturesScreen screen, Context context)
    {
        var run = FeaturesScreen.Shown(context)?.Id ?? "";
        return screen.Content is { Saes: { Count: > 1 } saes }
            ? $"{screen.Sae + 1}/{saes.Count} {saes[Math.Min(screen.Sae, saes.Count - 1)]}  {run}"
            : run;
    }

    private static int DrawTabs(Frame frame, Rect area, FeatureTab shown)
    {
        var column = 0;
        foreach (var tab in Enum.GetValues<FeatureTab>())
        {
            column = frame.Put(
                area,
                column,
                0,
                tab == shown ? $"[{tab}]" : $" {tab} ",
                tab == shown ? Style.Accent : Style.Muted);
        }

        return column;
    }

    // The letters and their words, which are the legend of all that follows.
    private static void DrawCounts(Frame frame, Rect area, FeatureSummary summary)
    {
        var brief = area.Width < 72;
        var column = 0;
        foreach (var verdict in FeatureVerdicts.All)
        {
            var words = brief ? " " : $" {verdict.Word()} {Counts.Exact(summary.All[verdict])} ";
            column = frame.Put(
                area,
                column,
                0,
                ($"{verdict.Letter()}", verdict.Style()),
                (words, Style.Plain),
                (Percent(summary.All.Share(verdict)), brief ? Style.Plain : Style.Muted),
                (brief ? "  " : "   ", Style.Plain));
        }

        if (brief)
        {
            frame.Put(area, column, 0, $"of {Counts.Exact(summary.All.Features)}", Style.Muted);
        }

        var never = summary.NeverActive == 0 ? "" : $", {Counts.Exact(summary.NeverActive)} never";
        var of = $"mean F1 {Share(summary.All.MeanF1)}, |cos| {Share(summary.All.MeanCosine)}; "
            + $"{Counts.Exact(summary.All.Features)} features active in "
            + $"{Counts.Exact(summary.Samples)} samples{never}";
        frame.PutLine(area, 1, of, Style.Muted);
    }

    private static void DrawAbsence(Frame frame, Rect area, FeaturesScreen screen, Context context)
    {
        var text = FeaturesScreen.Shown(context) is null
            ? "no runs yet: press n, or type  synthsae start small"
            : screen.Content is { Problem: { } problem } ? problem
            : "reading …";
        var row = 0;
        foreach (var line in Wrap.Lines(text, Math.Max(10, area.Width - 2)))
        {
            frame.PutLine(area.Inset(1, 0), row++, line, Style.Muted);
        }
    }

    /// <summary>A share as "12%"; what is there but too small is "&lt;1%".</summary>
    public static string Percent(double share) =>
        double.IsNaN(share) ? "–"
        : share is > 0 and < 0.005 ? "<1%"
        : FormattableString.Invariant($"{share * 100:0}%");

    /// <summary>A number between 0 and 1 in three digits; a dash for none.</summary>
    public static string Share(double value) =>
        double.IsNaN(value) ? "–" : FormattableString.Invariant($"{value:0.00}");
}
