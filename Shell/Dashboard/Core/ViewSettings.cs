namespace SynthSae.Dashboard;

/// <summary>How much is shown.</summary>
internal enum ViewMode
{
    /// <summary>As the height of the terminal allows.</summary>
    Auto,
    Full,
    Compact,
}

/// <summary>What the dashboard remembers from one time to the next.</summary>
/// <param name="Mode">How much is shown.</param>
/// <param name="Values">What the screens remember, by names such as "runs.sort".</param>
internal sealed record ViewSettings(
    ViewMode Mode, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>Before anything was remembered.</summary>
    public static ViewSettings Default { get; } =
        new(ViewMode.Auto, new Dictionary<string, string>());

    /// <summary>What a screen remembers; null for nothing.</summary>
    public string? this[string name] => Values.GetValueOrDefault(name);

    /// <summary>With a value remembered.</summary>
    public ViewSettings With(string name, string value) =>
        this with { Values = new Dictionary<string, string>(Values) { [name] = value } };
}
