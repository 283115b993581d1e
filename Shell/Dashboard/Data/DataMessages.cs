using System.Text.Json.Nodes;
using SynthSae.Store;

namespace SynthSae.Dashboard;

internal abstract partial record Msg
{
    /// <summary>The runs were read, and something has changed.</summary>
    public sealed record RunsRead(IReadOnlyList<RunSummary> Runs) : Msg;

    /// <summary>More of a run's history was read.</summary>
    public sealed record HistoryRead(string Run, RunCurves Curves) : Msg;

    /// <summary>The specification of a run was read.</summary>
    public sealed record SpecRead(string Run, JsonObject Spec) : Msg;
}
