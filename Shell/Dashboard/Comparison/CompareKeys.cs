using SynthSae.Dashboard.RunView;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.Comparison;

/// <summary>The keys of the screen that compares.</summary>
internal static class CompareKeys
{
    private const string Nothing = "nothing is compared: mark runs with Space on screen 1";

    /// <summary>As the screen is now.</summary>
    public static IReadOnlyList<Binding> Of(CompareScreen screen, Context context)
    {
        var unless = context.Marked.Count == 0 ? Nothing : null;
        Binding Key(string names, string help, Func<Step> act, string? footer = null) =>
            new(names, help, act) { Unless = unless, Footer = footer };
        Step Move(int by) => screen with
        {
            Row = Math.Max(0, Table.Move(screen.Row, by, CompareScreen.Rows(context).Count)),
        };
        const int Far = 1 << 20;
        return
        [
            Key("Tab", "charts and table, charts, table", () => Next(screen, 1), "parts"),
            Key("Shift-Tab", "the same backwards", () => Next(screen, 2)),
            Key("] l Right", "the next metric", () => screen.Turn(1, context), "metric"),
            Key("[ h Left", "the metric before", () => screen.Turn(-1, context)),
            Key("j Down", "down in the table", () => Move(1)),
            Key("k Up", "up in the table", () => Move(-1)),
            Key("PgDn Ctrl-f", "a page down", () => Move(10)),
            Key("PgUp Ctrl-b", "a page up", () => Move(-10)),
            Key("g Home", "to the top", () => Move(-Far)),
            Key("G End", "to the end", () => Move(Far)),
            .. ChartLookKeys.Of(screen.Look, next => screen with { Look = next }, unless),
            Key("u", "compare nothing", () => screen.With(new Effect.Mark([]))),
            Key("Backspace", "leave the last one out", () => screen.With(
                new Effect.Mark([.. context.Marked.SkipLast(1)]))),
        ];
    }

    private static CompareScreen Next(CompareScreen screen, int by) =>
        screen with { Parts = (CompareParts)(((int)screen.Parts + by) % 3) };
}
