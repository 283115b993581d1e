using SynthSae.Core;
using SynthSae.Dashboard.Runtime;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Store;
using SynthSae.Supervision;

namespace SynthSae.Dashboard.Actions;

/// <summary>Does to runs what was asked for in the dashboard.</summary>
/// <param name="store">The runs.</param>
/// <param name="state">Where the queue is.</param>
/// <param name="settings">For a supervisor that has to be started.</param>
internal sealed class RunActions(RunStore store, StateFolder state, AppSettings settings)
    : IEffectHandler
{
    private readonly Queue _queue = new(state);

    public IEnumerable<Msg>? Handle(Effect effect) =>
        effect switch
        {
            Effect.Act { Action: var action, Runs: var runs } => Act(action, runs),
            Effect.Tag { Runs: var runs, Words: var words } => Each(runs, run => Tag(run, words)),
            Effect.StartSupervisor => StartSupervisor(),
            Effect.LookForSupervisor => [new Msg.SupervisorSeen(!IsWanted())],
            Effect.ReadSpecs { Runs: var runs } => [new Msg.SpecsRead(Specs(runs))],
            Effect.ReadResult { Run: var id } => [new Msg.ResultRead(id, Result(id))],
            _ => null,
        };

    private IEnumerable<Msg> Act(RunAction action, IReadOnlyList<string> runs)
    {
        switch (action)
        {
            case RunAction.Pause or RunAction.Stop:
                return End(runs, action == RunAction.Pause ? RunRequest.Pause : RunRequest.Stop);
            case RunAction.Resume:
                return Each(runs, Resume).Concat(StartIfWanted());
            case RunAction.Remove:
                return Each(runs, Remove);
            default:
                return Each(runs, run => Move(run, action == RunAction.Sooner ? 1 : -1));
        }
    }

    // Of all that was asked the first refusal is told, else what became of the last.
    private IEnumerable<Msg> Each(IReadOnlyList<string> runs, Func<RunSummary, string> work)
    {
        var (said, refused) = ("", (string?)null);
        foreach (var id in runs)
        {
            try
            {
                said = work(store.Get(id));
            }
            catch (Exception error) when (ErrorReport.IsBadInput(error))
            {
                refused ??= error.Message;
            }
        }

        var others = runs.Count > 1 ? $" ({runs.Count} runs)" : "";
        return refused is null
            ? [new Msg.Said(said + others, Tone.Good)]
            : [new Msg.Said(refused, Tone.Bad)];
    }

    private IEnumerable<Msg> End(IReadOnlyList<string> runs, RunRequest request)
    {
        var word = request == RunRequest.Pause ? "pause" : "stop";
        var endings = new List<Ending>();
        var told = Each(runs, run =>
        {
            var ending = new Ending(_queue, run.Open(), request);
            endings.Add(ending);
            ending.Advance();
            return ending.IsDone
                ? $"{run.Id}: {ending.Snapshot?.Status.Word() ?? "is gone"}"
                : $"{run.Id}: asked to {word}; it saves first";
        });
        return told.Concat(Wait(endings));
    }

    private static IEnumerable<Msg> Wait(List<Ending> endings)
    {
        if (!Endings.Wait(endings, Endings.Patience))
        {
            var late = endings.First(ending => !ending.IsDone);
            yield return new Msg.Said(
                $"{late.Folder.Id}: process {late.Snapshot?.Pid} has not done so yet", Tone.Warn);
        }
        else if (endings.LastOrDefault() is { Snapshot: { } snapshot } ending)
        {
            var others = endings.Count > 1 ? $" ({endings.Count} runs)" : "";
            yield return new Msg.Said(
                $"{ending.Folder.Id}: {snapshot.Status.Word()}{others}", Tone.Good);
        }
    }

    private string Resume(RunSummary run) =>
        $"{run.Id}: {Resuming.Resume(_queue, run, null, 0)}";

    private string Remove(RunSummary run)
    {
        RunRemoval.Remove(run);
        _queue.Remove(run.Folder);
        return $"deleted {run.Id}";
    }

    private string Move(RunSummary run, int by)
    {
        var folder = run.Open();
        var priority = _queue.Find(folder.Path)?.Priority + by;
        return priority is { } wanted && _queue.TrySetPriority(folder, wanted)
            ? $"{run.Id}: priority {wanted}"
            : throw Failure.BadInput(run.Id, "does not wait in the queue of this machine");
    }

    private static string Tag(RunSummary run, string words)
    {
        var labels = RunLabels.Change(run.Open(), before => words
            .Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)
            .Aggregate(before, (now, word) =>
                word.StartsWith('-') ? now.Without(word[1..]) : now.With(word)));
        return labels.Tags.Count == 0
            ? $"{run.Id} has no tags"
            : $"{run.Id}: {string.Join(' ', labels.Tags)}";
    }

    private bool IsWanted() => _queue.List().Tickets.Count > 0 && !Supervisors.Lives(state);

    private IEnumerable<Msg> StartIfWanted()
    {
        if (!IsWanted())
        {
            yield break;
        }

        foreach (var message in StartSupervisor())
        {
            yield return message;
        }
    }

    private Msg[] StartSupervisor()
    {
        Supervisors.Ensure(state, settings);
        return [new Msg.SupervisorSeen(true)];
    }

    private Dictionary<string, IReadOnlyDictionary<string, string>> Specs(
        IReadOnlyList<string> runs) =>
        runs.ToDictionary(
            run => run,
            run => SpecDifference.Flatten(
                store.Find(run) is { } found && RunStore.Spec(found) is { } spec ? spec : []));

    private System.Text.Json.Nodes.JsonObject? Result(string id) =>
        store.Find(id) is { } run ? StatusFile.TryRead(run.Open().ResultFile) : null;
}
