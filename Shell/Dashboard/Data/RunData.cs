using System.Collections.Immutable;
using System.Text.Json.Nodes;
using SynthSae.Store;

namespace SynthSae.Dashboard;

/// <summary>What is known of the runs.</summary>
internal sealed record RunData
{
    private ImmutableDictionary<string, RunSummary>? _byId;

    /// <summary>Nothing yet.</summary>
    public static RunData None { get; } = new();

    /// <summary>All runs, the oldest first.</summary>
    public IReadOnlyList<RunSummary> Runs { get; private init; } = [];

    /// <summary>When they were read (UTC); null before that.</summary>
    public DateTime? Read { get; private init; }

    /// <summary>Histories of the runs that are or were looked at.</summary>
    public ImmutableDictionary<string, RunCurves> Histories { get; init; } =
        ImmutableDictionary<string, RunCurves>.Empty;

    /// <summary>Specifications of those runs. They are not to be changed.</summary>
    public ImmutableDictionary<string, JsonObject> Specs { get; init; } =
        ImmutableDictionary<string, JsonObject>.Empty;

    /// <summary>With all runs as they are now.</summary>
    public RunData With(IReadOnlyList<RunSummary> runs, DateTime read) =>
        this with { Runs = runs, Read = read, _byId = null };

    /// <summary>The run of an id; null if there is none.</summary>
    public RunSummary? Find(string? id) =>
        id is null ? null
        : (_byId ??= Runs.ToImmutableDictionary(run => run.Id)).GetValueOrDefault(id);
}
