using System.Text.Json.Nodes;
using SynthSae.Dashboard.Actions;

namespace SynthSae.Dashboard;

internal abstract partial record Effect
{
    /// <summary>Ask something of runs, by their ids.</summary>
    public sealed record Act(RunAction Action, IReadOnlyList<string> Runs) : Effect;

    /// <summary>
    /// Change the tags of runs: words to add, and words to take away after a dash.
    /// </summary>
    public sealed record Tag(IReadOnlyList<string> Runs, string Words) : Effect;

    /// <summary>Read specifications that a filter asks for.</summary>
    public sealed record ReadSpecs(IReadOnlyList<string> Runs) : Effect;

    /// <summary>Read what came out of a run.</summary>
    public sealed record ReadResult(string Run) : Effect;

    /// <summary>Look whether a supervisor lives.</summary>
    public sealed record LookForSupervisor : Effect;

    /// <summary>See to it that a supervisor lives.</summary>
    public sealed record StartSupervisor : Effect;
}

internal abstract partial record Msg
{
    /// <summary>Fields of specifications by their paths, by the runs' ids.</summary>
    public sealed record SpecsRead(
        IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Specs) : Msg;

    /// <summary>What came out of a run; null if nothing can be read.</summary>
    public sealed record ResultRead(string Run, JsonObject? Result) : Msg;

    /// <summary>Whether a supervisor lives.</summary>
    public sealed record SupervisorSeen(bool Lives) : Msg;
}
