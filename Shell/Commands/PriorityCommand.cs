using System.CommandLine;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>Changes the place of a run in the queue.</summary>
internal sealed class PriorityCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _run = new("run")
    {
        Description = "A run that waits: its name, or what it begins with; a path; @last, @2.",
    };

    private readonly Argument<int> _priority = new("N")
    {
        Description = "Higher ones come first; 0 is usual, negative ones come last.",
    };

    public PriorityCommand(Host host)
        : base("priority", "Change the place of a run in the queue.")
    {
        _host = host;
        Arguments.Add(_run);
        Arguments.Add(_priority);
        _common = new CommonOptions(this, SettingNames.Runs);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae priority @last 5", "the newest run before those with less"),
        ("synthsae priority runs/ID -1", "a run after all others"),
    ];

    private int Execute(ParseResult parsed)
    {
        var state = StateFolder.OfUser();
        var run = new RunFinder(state, _common.Read(parsed)).Get(parsed.GetRequiredValue(_run));
        var priority = parsed.GetValue(_priority);
        if (!new Queue(state).TrySetPriority(run.Open(), priority))
        {
            throw Failure.BadInput(run.Id, "does not wait in the queue of this machine");
        }

        _host.Out.WriteLine($"{run.Id}: priority {priority}");
        return ExitCode.Ok;
    }
}
