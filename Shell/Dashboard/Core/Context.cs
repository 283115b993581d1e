using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>What all layers know.</summary>
internal sealed record Context
{
    /// <summary>Height from which nothing is left out, if nobody asks for it.</summary>
    public const int FullRows = 18;

    /// <summary>Of the terminal.</summary>
    public Size Size { get; init; } = Size.Standard;

    /// <summary>What the terminal can show.</summary>
    public Caps Caps { get; init; } = Caps.Full;

    /// <summary>As of the latest tick (UTC).</summary>
    public DateTime Now { get; init; }

    /// <summary>What is known of the runs.</summary>
    public RunData Data { get; init; } = RunData.None;

    /// <summary>What is remembered.</summary>
    public ViewSettings Settings { get; init; } = ViewSettings.Default;

    /// <summary>Nothing can be started, stopped, changed or removed.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Id of the run that the screens show; null for none.</summary>
    public string? Chosen { get; init; }

    /// <summary>Ids of the runs that are compared, at most eight.</summary>
    public IReadOnlyList<string> Marked { get; init; } = [];

    /// <summary>The run that the screens show; null for none.</summary>
    public RunSummary? ChosenRun => Data.Find(Chosen);

    /// <summary>Leave out what can be done without.</summary>
    public bool Compact =>
        Settings.Mode == ViewMode.Compact
        || (Settings.Mode == ViewMode.Auto && Size.Rows < FullRows);

    /// <summary>Why something cannot be changed; null if it can.</summary>
    public string? ReadOnlyReason => ReadOnly ? "this dashboard is read-only" : null;
}
