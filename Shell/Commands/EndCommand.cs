using System.CommandLine;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Store;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>Ends runs behind a checkpoint, or takes them out of the queue.</summary>
internal abstract class EndCommand : CliCommand
{
    private readonly Host _host;
    private readonly RunRequest _request;
    private readonly CommonOptions _common;
    private readonly RunArguments _runs;

    private readonly Option<bool> _noWait = new("--no-wait")
    {
        Description = "Ask only; do not wait for the effect.",
    };

    protected EndCommand(Host host, RunRequest request, string name, string description)
        : base(name, description)
    {
        (_host, _request) = (host, request);
        _runs = new RunArguments(this, "All that wait or are at work.");
        Add(_noWait);
        _common = new CommonOptions(this, SettingNames.Runs);
        SetAction(Execute);
    }

    private int Execute(ParseResult parsed)
    {
        var state = StateFolder.OfUser();
        var queue = new Queue(state);
        var runs = _runs.Get(
            parsed,
            new RunFinder(state, _common.Read(parsed)),
            run => run.Status is RunStatus.Queued or RunStatus.Running);
        // Those that wait come first: else they would take the place of those that end.
        var endings = runs.OrderBy(run => run.Status != RunStatus.Queued)
            .Select(run => new Ending(queue, run.Open(), _request))
            .ToList();
        var noWait = parsed.GetValue(_noWait);
        var done = Endings.Wait(endings, noWait ? TimeSpan.Zero : Endings.Patience);
        endings.ForEach(Tell);
        return noWait || done ? ExitCode.Ok : ExitCode.Failed;
    }

    private void Tell(Ending ending)
    {
        var snapshot = ending.Snapshot;
        var step = snapshot is { Step: > 0 } ? $" after step {Counts.Exact(snapshot.Step)}" : "";
        _host.Out.WriteLine(ending.Folder.Id + ": " + (
            snapshot is null ? "is gone"
            : !ending.IsDone ? $"asked to {Name}; process {snapshot.Pid} has not done so yet"
            : (ending.WasAtRest ? "was " : "") + snapshot.Status.Word() + step));
    }
}
