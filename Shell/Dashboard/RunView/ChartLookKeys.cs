namespace SynthSae.Dashboard.RunView;

/// <summary>The keys that change how charts are drawn, on every screen that has some.</summary>
internal static class ChartLookKeys
{
    /// <summary>The keys.</summary>
    /// <param name="look">How charts are drawn now.</param>
    /// <param name="change">The screen with another look.</param>
    /// <param name="unless">Why they cannot be used now; null if they can.</param>
    public static IReadOnlyList<Binding> Of(
        ChartLook look, Func<ChartLook, Step> change, string? unless)
    {
        Binding Key(string names, string help, Func<ChartLook> next, string? footer = null) =>
            new(names, help, () => change(next())) { Unless = unless, Footer = footer };
        return
        [
            Key("L", "logarithmic or linear", () => look with { Log = !look.Log }, "log"),
            Key("s", "smoothing: none, 0.6, 0.9, 0.98", look.Smoother, "smooth"),
            Key(
                "a", "count steps or samples", () => look with { BySamples = !look.BySamples }),
            Key("i", "zoom in on the end", () => look.Zoomed(1)),
            Key("o", "zoom out", () => look.Zoomed(-1)),
        ];
    }
}
