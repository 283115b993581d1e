using System.Text.Json.Nodes;
using SynthSae.Store;

namespace SynthSae.Dashboard;

/// <summary>Where the dashboard reads runs; tests put their own in its place.</summary>
internal interface IRunSource
{
    /// <summary>All runs, the oldest first.</summary>
    IReadOnlyList<RunSummary> List();

    /// <summary>Begin to read the history of a run; null if there is no such run.</summary>
    IRunTail? Follow(string id);

    /// <summary>The specification of a run; null if it cannot be read.</summary>
    JsonObject? Spec(string id);
}

/// <summary>The history of one run, read as it grows; by one thread at a time.</summary>
internal interface IRunTail
{
    /// <summary>All that is known now; null if nothing was added since the last time.</summary>
    RunCurves? Read();
}
