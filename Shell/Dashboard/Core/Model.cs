using System.Collections.Immutable;
using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>Everything that the dashboard is at one moment.</summary>
internal sealed record Model
{
    /// <summary>What all layers know.</summary>
    public required Context Context { get; init; }

    /// <summary>All screens.</summary>
    public required ImmutableSortedDictionary<ScreenId, Screen> Screens { get; init; }

    /// <summary>The screen that is seen.</summary>
    public ScreenId Active { get; init; }

    /// <summary>Where Esc goes.</summary>
    public ImmutableStack<ScreenId> Before { get; init; } = [];

    /// <summary>What lies over the screen, the uppermost first.</summary>
    public ImmutableStack<Layer> Layers { get; init; } = [];

    /// <summary>What is said in the line of messages; null for nothing.</summary>
    public Notice? Notice { get; init; }

    /// <summary>Time between two looks at the runs.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The screen that is seen.</summary>
    public Screen Screen => Screens[Active];

    /// <summary>What keys go to first.</summary>
    public Layer Top => Layers.IsEmpty ? Screen : Layers.Peek();

    /// <summary>With a screen in its place.</summary>
    public Model With(Screen screen) =>
        this with { Screens = Screens.SetItem(screen.Id, screen) };

    /// <summary>A dashboard that has just been opened, on its first screen.</summary>
    public static Model Of(Context context, params IReadOnlyList<Screen> screens) =>
        new()
        {
            Context = context,
            Screens = screens.ToImmutableSortedDictionary(screen => screen.Id, screen => screen),
            Active = screens.Min(screen => screen.Id),
        };
}

/// <summary>What is said in the line of messages.</summary>
/// <param name="Text">In one line.</param>
/// <param name="Tone">How it is meant.</param>
/// <param name="Until">It goes away then (UTC).</param>
internal sealed record Notice(string Text, Tone Tone, DateTime Until);
