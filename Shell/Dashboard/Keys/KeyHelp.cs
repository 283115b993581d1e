namespace SynthSae.Dashboard;

/// <summary>Keys with what they do, under a heading.</summary>
internal sealed record KeySection(string Title, IReadOnlyList<Binding> Keys);

/// <summary>The key table as people read it.</summary>
internal static class KeyHelp
{
    /// <summary>The keys of the uppermost layer, and those that work everywhere.</summary>
    public static IReadOnlyList<KeySection> Here(Model model) =>
        [Section(model.Top, model), Everywhere(model)];

    /// <summary>The keys of all screens and layers.</summary>
    public static IReadOnlyList<KeySection> All(Model model) =>
    [
        Everywhere(model),
        .. model.Screens.Values.Select(screen => Section(screen, model)),
        .. Layers.Select(layer => Section(layer, model)),
    ];

    // One of each kind that can lie above a screen.
    private static IReadOnlyList<Layer> Layers =>
    [
        new HelpLayer([]),
        new ConfirmLayer("", []),
        new PromptLayer("", "", new TextLine("")),
    ];

    private static KeySection Everywhere(Model model) =>
        new(EveryScreen.Title, EveryScreen.Keys(model));

    private static KeySection Section(Layer layer, Model model) =>
        new(layer.Title, layer.Keys(model.Context));
}
