using SynthSae.Terminal.Input;

namespace SynthSae.Dashboard;

/// <summary>Which keys do what.</summary>
internal static class KeyTable
{
    /// <summary>Ends the dashboard whatever lies above.</summary>
    private static readonly Key Interrupt = Key.Parse("Ctrl-c");

    /// <summary>
    /// What a key does: in the layer above all first, then everywhere. The layer that it belongs to
    /// is null for keys that work everywhere. Null if the key does nothing.
    /// </summary>
    public static (Binding Binding, Layer? Owner)? Find(Model model, Key key)
    {
        var top = model.Top;
        if (top.TakesText && key.IsText)
        {
            return null;
        }

        if (key != Interrupt && Find(top.Keys(model.Context), key) is { } own)
        {
            return (own, top);
        }

        // Over a question or a text line only what always works.
        var everywhere = Find(EveryScreen.Keys(model), key);
        return everywhere is not null && (top is Screen || EveryScreen.AlwaysWorks(everywhere))
            ? (everywhere, null)
            : null;
    }

    /// <summary>The keys of the uppermost layer that work now and are told in the footer.</summary>
    public static IEnumerable<Binding> Footer(Model model) =>
        model.Top.Keys(model.Context)
            .Where(binding => binding.Footer is not null && binding.Unless is null);

    private static Binding? Find(IEnumerable<Binding> bindings, Key key) =>
        bindings.FirstOrDefault(binding => binding.Keys.Contains(key));
}
