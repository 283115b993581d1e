using SynthSae.Terminal.Input;

namespace SynthSae.Dashboard;

/// <summary>
/// What keys do in a layer: the source of the footer, of the help and of the documentation, and of
/// what happens when they are pressed.
/// </summary>
/// <param name="Names">The keys, e.g. "j Down".</param>
/// <param name="Help">What they do, in a few words.</param>
/// <param name="Act">Does it.</param>
internal sealed record Binding(string Names, string Help, Func<Step> Act)
{
    /// <summary>Why they cannot be used now; null if they can.</summary>
    public string? Unless { get; init; }

    /// <summary>One word for the footer; null: they are not told there.</summary>
    public string? Footer { get; init; }

    /// <summary>The keys.</summary>
    public IReadOnlyList<Key> Keys { get; } = Key.ParseAll(Names);

    /// <summary>As people read them: "j, Down".</summary>
    public string Shown => string.Join(", ", Keys);
}
