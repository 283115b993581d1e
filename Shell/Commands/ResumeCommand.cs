using System.CommandLine;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Store;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>Goes on with runs in the background.</summary>
internal sealed class ResumeCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly RunArguments _runs;
    private readonly Option<string?> _device = new("--device")
    {
        Description = $"Where to compute, if not where it began: {DeviceWish.Forms}.",
        HelpName = "NAME",
    };

    private readonly Option<int> _priority = CliOptions.Priority();

    public ResumeCommand(Host host)
        : base("resume", "Go on with runs in the background, each from its newest checkpoint.")
    {
        _host = host;
        _runs = new RunArguments(this, "All that are paused or were interrupted.");
        Add(_device);
        Add(_priority);
        _common = new CommonOptions(this, SettingNames.Runs);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae resume @last", "the newest run"),
        ("synthsae resume runs/ID --priority 5", "before those that wait with less"),
        ("synthsae resume --all", "all that are paused or were interrupted"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var state = StateFolder.OfUser();
        var wish = parsed.GetValue(_device) is { } text
            ? DeviceWish.Parse(text)
                ?? throw Failure.BadInput(_device.Name, $"must be {DeviceWish.Forms} (got {text})")
            : null;
        var runs = _runs.Get(
            parsed,
            new RunFinder(state, settings),
            run => run.Status is RunStatus.Paused or RunStatus.Interrupted);
        var queue = new Queue(state);
        var refused = runs.Count(run => !TryResume(queue, run, wish, parsed.GetValue(_priority)));
        if (refused < runs.Count)
        {
            Supervisors.Ensure(state, settings);
        }

        return refused == 0 ? ExitCode.Ok : ExitCode.BadInput;
    }

    // What cannot go on keeps no other from doing so.
    private bool TryResume(Queue queue, RunSummary run, DeviceWish? wish, int priority)
    {
        try
        {
            _host.Out.WriteLine($"{run.Id}: {Resuming.Resume(queue, run, wish, priority)}");
            return true;
        }
        catch (BadInput error)
        {
            ErrorReport.Write(error, _host.Error);
            return false;
        }
    }
}
