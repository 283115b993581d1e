using System.CommandLine;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Slurm;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>
/// Carries out a run that was prepared, or goes on with one: what the supervisor and other
/// schedulers start.
/// </summary>
internal sealed class WorkCommand : CliCommand
{
    private readonly Host _host;
    private readonly Argument<string> _folder = new("run") { Description = "The run folder." };

    private readonly Option<string?> _slot = new("--slot")
    {
        Description = "Hold this slot meanwhile: cpu-0, cuda-1.",
        HelpName = "NAME",
    };

    private readonly Option<bool> _ticket = new("--queued")
    {
        Description = "Only if the run still waits in the queue.",
    };

    private readonly Option<string?> _device = new("--device")
    {
        Description = "Where to compute, if not where the run was to be computed.",
        HelpName = "NAME",
    };

    private readonly Option<long?> _threads =
        CliOptions.Count("--threads", "Threads to compute with.");

    private readonly Option<bool> _anew = new("--anew")
    {
        Description = "Begin from the first step where there is no checkpoint, although the run "
            + "has begun before.",
    };

    private readonly Option<bool> _forceMemory = CliOptions.ForceMemory();

    private readonly Option<bool> _requeue = new("--requeue-on-warning")
    {
        Description = "As a task of Slurm: on its warning save, and wait in its queue to go on.",
    };

    public WorkCommand(Host host)
        : base("work", "Carry out a run that was prepared, or go on with one, in this process.")
    {
        _host = host;
        Hidden = true;
        Arguments.Add(_folder);
        Add(_slot);
        Add(_ticket);
        Add(_device);
        Add(_threads);
        Add(_anew);
        Add(_forceMemory);
        Add(_requeue);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae work runs/ID", "begin the run, or go on with it"),
    ];

    private int Execute(ParseResult parsed)
    {
        var slot = parsed.GetValue(_slot) is { } name
            ? Slot.Parse(name) ?? throw Failure.BadInput(_slot.Name, $"is no slot (got {name})")
            : (Slot?)null;
        var order = new WorkOrder(
            RunFolder.Open(parsed.GetRequiredValue(_folder)),
            slot,
            parsed.GetValue(_ticket),
            parsed.GetValue(_device) ?? slot?.Device,
            (int?)parsed.GetValue(_threads),
            parsed.GetValue(_anew),
            parsed.GetValue(_forceMemory));
        var worker = new Worker(StateFolder.OfUser(), order, _host);
        return parsed.GetValue(_requeue)
            ? WarnedTask.OfProcess(_host.Error).Execute(worker.Execute)
            : worker.Execute();
    }
}
