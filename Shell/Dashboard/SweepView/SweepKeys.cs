using SynthSae.Sweeps;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.SweepView;

/// <summary>The keys of the screen of a sweep.</summary>
internal static class SweepKeys
{
    private const int Far = 1 << 20;
    private const string Nothing = "there is no sweep";

    /// <summary>As the screen is now.</summary>
    public static IReadOnlyList<Binding> Of(SweepScreen screen, Context context) =>
        [.. Views(screen), .. Moves(screen), .. Others(screen, context)];

    private static IEnumerable<Binding> Views(SweepScreen screen)
    {
        var unless = screen.Table is null ? Nothing : null;
        Binding Key(string names, string help, Func<Step> act, string? footer = null) =>
            new(names, help, act) { Unless = unless, Footer = footer };
        return
        [
            Key("Tab", "chart and table, chart, table", () => Parts(screen, 1), "parts"),
            Key("Shift-Tab", "the same backwards", () => Parts(screen, 2)),
            Key("] l Right", "the next metric", () => Turn(screen, 1), "metric"),
            Key("[ h Left", "the metric before", () => Turn(screen, -1)),
            Key("x", "another horizontal axis", () =>
                screen with { AxisNumber = screen.AxisNumber + 1 }, "axis"),
            Key("f", "scored as saved, as trained, pruned", () => NextForm(screen), "form"),
            Key("L", "horizontal axis logarithmic or linear", () =>
                screen with { Log = !screen.Log }),
        ];
    }

    private static IEnumerable<Binding> Moves(SweepScreen screen)
    {
        var count = screen.Table?.Rows.Count ?? 0;
        var unless = count == 0 ? Nothing : null;
        Binding Key(string names, string help, int by) =>
            new(names, help, () => screen with
            {
                Row = Math.Max(0, Table.Move(screen.Row, by, count)),
            })
            {
                Unless = unless,
            };
        return
        [
            Key("j Down", "down in the table", 1),
            Key("k Up", "up in the table", -1),
            Key("PgDn Ctrl-f", "a page down", 10),
            Key("PgUp Ctrl-b", "a page up", -10),
            Key("g Home", "to the top", -Far),
            Key("G End", "to the end", Far),
        ];
    }

    private static IEnumerable<Binding> Others(SweepScreen screen, Context context)
    {
        var sweeps = SweepScreen.All(context).ToList();
        var single = sweeps.Count < 2 ? "there is no other sweep" : null;
        var row = screen.Table?.Rows.ElementAtOrDefault(screen.Row);
        Step Other(int by)
        {
            var at = screen.Sweep is null ? 0 : sweeps.IndexOf(screen.Sweep);
            var to = (((at + by) % sweeps.Count) + sweeps.Count) % sweeps.Count;
            return screen.To(sweeps[to], context);
        }

        return
        [
            new("Enter", "the run of the point, with its first seed", () => screen.With(
                new Effect.Choose(row!.Trials[0].Entry.Run), new Effect.Go(ScreenId.Run)))
            {
                Unless = row is null ? Nothing : null,
                Footer = "run",
            },
            new("J >", "the sweep before this one", () => Other(1)) { Unless = single },
            new("K <", "the next sweep", () => Other(-1)) { Unless = single },
            new("r", "read it again", () => screen.To(screen.Sweep, context, always: true))
            {
                Unless = screen.Sweep is null ? Nothing : null,
            },
        ];
    }

    private static SweepScreen Parts(SweepScreen screen, int by) =>
        screen with { Parts = (SweepParts)(((int)screen.Parts + by) % 3) };

    private static SweepScreen Turn(SweepScreen screen, int by)
    {
        var all = screen.Metrics.ToList();
        var at = all.IndexOf(screen.ShownMetric);
        return all.Count == 0
            ? screen
            : screen with { Metric = all[(((at + by) % all.Count) + all.Count) % all.Count] };
    }

    private static SweepScreen NextForm(SweepScreen screen)
    {
        IReadOnlyList<ScoredForm> all = screen.Table?.Forms is { Count: > 0 } forms
            ? [.. forms.OrderBy(form => form == ScoredForm.Trained)]
            : [ScoredForm.Saved];
        var at = all.ToList().IndexOf(screen.Form);
        return screen with { Form = all[(at + 1) % all.Count] };
    }
}
