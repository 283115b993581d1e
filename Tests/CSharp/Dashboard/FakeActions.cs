using SynthSae.Dashboard;
using SynthSae.Dashboard.Runtime;

namespace SynthSae.Tests.Dashboard;

/// <summary>Answers what screens ask, and notes what they want to be done.</summary>
internal sealed class FakeActions : IEffectHandler
{
    /// <summary>Effects, without those that only read.</summary>
    public List<Effect> Done { get; } = [];

    /// <summary>Whether a supervisor lives.</summary>
    public bool Supervisor { get; set; } = true;

    public IEnumerable<Msg>? Handle(Effect effect)
    {
        switch (effect)
        {
            case Effect.ReadResult { Run: var run }:
                return [new Msg.ResultRead(run, run.Contains("finished") ? SomeCurves.Result() : null)];
            case Effect.LookForSupervisor:
                return [new Msg.SupervisorSeen(Supervisor)];
            case Effect.ReadSpecs { Runs: var runs }:
                return [new Msg.SpecsRead(runs.ToDictionary(
                    run => run,
                    run => SynthSae.Store.SpecDifference.Flatten(SomeCurves.Spec(run.Contains("k15") ? 15 : 25))))];
            case Effect.Act or Effect.Tag or Effect.StartSupervisor or Effect.Set:
                Done.Add(effect);
                return [];
            default:
                return null;
        }
    }
}
