using SynthSae.Dashboard.Actions;
using SynthSae.Dashboard.Comparison;

namespace SynthSae.Dashboard.RunList;

/// <summary>The keys of the screen of runs.</summary>
internal static class RunsKeys
{
    private const string NothingShown = "no run is shown";

    /// <summary>As the screen is now.</summary>
    public static IReadOnlyList<Binding> Of(RunsScreen screen, Context context) =>
    [
        new("Enter", "open the run, or fold the sweep", () => Open(screen))
        {
            Footer = "open",
            Unless = screen.List.Row is null ? NothingShown : null,
        },
        new(
            "/",
            "filter: words, state:running, tag:x, k=25, f1>0.8, sae.lr=3e-4",
            () => Ask(screen))
        {
            Footer = "filter",
        },
        new("Space", "mark", () => screen with { List = screen.List.ToggleMark() })
        {
            Footer = "mark",
            Unless = screen.List.Row is null ? NothingShown : null,
        },
        new("c", "compare the marked runs", () => Compare(screen))
        {
            Footer = "compare",
            Unless = screen.List.Targets.Count == 0 ? NothingShown
                : screen.List.Targets.Count > CompareItem.Most
                    ? $"no more than {CompareItem.Most} runs are compared at once"
                    : null,
        },
        new("n", "new run", () => screen.With(new Effect.Go(ScreenId.NewRun)))
        {
            Footer = "new",
            Unless = context.ReadOnlyReason,
        },
        .. ActionKeys.Of(screen, screen.List.Targets, context),
        .. Moves(screen, context),
        .. Looks(screen, context),
        new(
            "b",
            "begin a supervisor for what is queued",
            () => screen.With(new Effect.StartSupervisor()))
        {
            Unless = context.ReadOnlyReason
                ?? (screen.SupervisorLives == false ? null : "no supervisor is wanting"),
        },
    ];

    private static IEnumerable<Binding> Moves(RunsScreen screen, Context context)
    {
        var page = Math.Max(1, context.Size.Rows - 6);
        RunsScreen Move(int by) => screen with { List = screen.List.Move(by) };
        return
        [
            new("j Down", "down", () => Move(1)),
            new("k Up", "up", () => Move(-1)),
            new("PgDn Ctrl-f", "a page down", () => Move(page)),
            new("PgUp Ctrl-b", "a page up", () => Move(-page)),
            new("g Home", "to the top", () => Move(-screen.List.Rows.Count)),
            new("G End", "to the end", () => Move(screen.List.Rows.Count)),
        ];
    }

    private static IEnumerable<Binding> Looks(RunsScreen screen, Context context)
    {
        var list = screen.List;
        return
        [
            new("s", "sort by the next column", () => screen.Sorted(list.Order.Next(1), context)),
            new(
                "S",
                "sort by the column before",
                () => screen.Sorted(list.Order.Next(-1), context)),
            new("r", "turn the order round", () => screen.Sorted(list.Order.Turned(), context)),
            new("z", "fold or unfold the sweep", () => screen with { List = list.ToggleFold() })
            {
                Unless = list.SweepOf(list.Row) is null ? "the run belongs to no sweep" : null,
            },
            new("Z", "sweeps together, or each run for itself", () => screen.Grouped(context)),
            new("u", "unmark all", () => screen with { List = list.Unmark() })
            {
                Unless = list.Marked.Count == 0 ? "nothing is marked" : null,
            },
            new("Esc", "take the filter away, or go back", () => Leave(screen)),
        ];
    }

    private static Step Leave(RunsScreen screen) =>
        screen.List.Filter.Text.Length > 0 ? screen.Filtered("") : screen.With(new Effect.Back());

    private static Step Open(RunsScreen screen) =>
        screen.List.Row switch
        {
            RunRow.One one => screen.With(
                new Effect.Choose(one.Run.Id), new Effect.Go(ScreenId.Run)),
            RunRow.Group => screen with { List = screen.List.ToggleFold() },
            _ => screen,
        };

    private static Step Ask(RunsScreen screen) =>
        (screen with { FilterBefore = screen.List.Filter.Text }).With(new Effect.Show(
            new PromptLayer(RunsScreen.FilterPurpose, "/", screen.List.Filter.Text)));

    private static Step Compare(RunsScreen screen) =>
        screen.With(
            new Effect.Mark([.. screen.List.Targets.Select(run => run.Id)]),
            new Effect.Go(ScreenId.Compare));
}
