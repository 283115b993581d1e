using System.CommandLine;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>Gives runs that wait to the devices, one at a time.</summary>
internal sealed class SuperviseCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;

    private readonly Option<bool> _detach = new("--detach", "-d")
    {
        Description = "In the background; returns once it lives.",
    };

    public SuperviseCommand(Host host)
        : base(
            "supervise",
            "Give the runs that wait to the devices; start and resume do this by themselves.")
    {
        _host = host;
        Add(_detach);
        _common = new CommonOptions(this, SettingNames.CpuSlots, SettingNames.SupervisorIdle);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae supervise --detach", "go on with the queue, e.g. after the machine was started"),
        ("synthsae supervise", "in this terminal, telling what it does"),
    ];

    private int Execute(ParseResult parsed)
    {
        var state = StateFolder.OfUser();
        var settings = _common.Read(parsed);
        if (parsed.GetValue(_detach))
        {
            Supervisors.Ensure(state, settings);
            return ExitCode.Ok;
        }

        using var stop = new StopSignal(_host);
        var slots = new MachineSlots(settings.CpuSlots, Environment.ProcessorCount);
        var log = new SupervisorLog(_host.Error);
        if (!new Supervisor(state, slots, settings.SupervisorIdle, log).Run(stop.Token))
        {
            log.Write("another supervisor is there");
        }

        return ExitCode.Ok;
    }
}
