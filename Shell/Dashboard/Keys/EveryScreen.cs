namespace SynthSae.Dashboard;

/// <summary>
/// Keys that work on every screen, unless the screen has given them another meaning.
/// </summary>
internal static class EveryScreen
{
    /// <summary>As they are headed in the help.</summary>
    public const string Title = "Everywhere";

    /// <summary>The keys that a screen may use for something else: h is left, too.</summary>
    public const string Yielding = "h";

    private const string QuitKeys = "Ctrl-c";
    private const string SuspendKeys = "Ctrl-z";
    private const string RedrawKeys = "Ctrl-l";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Binding> Keys(Model model)
    {
        var context = model.Context;
        Step Do(params Effect[] effects) => model.Top.With(effects);
        return
        [
            new("? F1 h", "help", () => Do(new Effect.Show(HelpLayer.Of(model))))
            {
                Footer = "help",
            },
            new("Esc", "back to the screen before", () => Do(new Effect.Back()))
            {
                Unless = model.Before.IsEmpty ? "this is the first screen" : null,
            },
            .. model.Screens.Values.Select(screen => new Binding(
                $"{(int)screen.Id + 1}",
                $"the screen {screen.Title}",
                () => Do(new Effect.Go(screen.Id)))),
            new("m", "show more or less: automatic, full, compact", () => Do(NextMode(context))),
            new("q", "quit; runs go on", () => Do(new Effect.Quit())) { Footer = "quit" },
            new(QuitKeys, "quit at once, from anywhere", () => Do(new Effect.Quit())),
            new(SuspendKeys, "suspend; fg comes back", () => Do(new Effect.Suspend())),
            new(RedrawKeys, "draw the screen again", () => Do(new Effect.Redraw())),
        ];
    }

    /// <summary>True for keys that work also above a question or a text line.</summary>
    public static bool AlwaysWorks(Binding binding) =>
        binding.Names is QuitKeys or SuspendKeys or RedrawKeys;

    private static Effect[] NextMode(Context context)
    {
        var mode = context.Settings.Mode switch
        {
            ViewMode.Auto => ViewMode.Full,
            ViewMode.Full => ViewMode.Compact,
            _ => ViewMode.Auto,
        };
        return
        [
            new Effect.Set(context.Settings with { Mode = mode }),
            new Effect.Say($"layout: {mode.ToString().ToLowerInvariant()}"),
        ];
    }
}
