using System.CommandLine;
using System.Diagnostics;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Store;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>Ends runs behind a checkpoint, or takes them out of the queue.</summary>
internal abstract class EndCommand : CliCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

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
        var wait = !parsed.GetValue(_noWait);
        var done = End(endings, wait ? Patience : TimeSpan.Zero);
        endings.ForEach(Tell);
        return done || !wait ? ExitCode.Ok : ExitCode.Failed;
    }

    // True if all are at rest; they are asked once, however short the patience.
    private static bool End(List<Ending> endings, TimeSpan patience)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            foreach (var ending in endings.Where(ending => !ending.IsDone))
            {
                ending.Advance();
            }

            var done = endings.TrueForAll(ending => ending.IsDone);
            if (done || Stopwatch.GetElapsedTime(start) >= patience)
            {
                return done;
            }

            Thread.Sleep(Interval);
        }
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
