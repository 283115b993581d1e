using SynthSae.Hosting;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>Stops runs.</summary>
internal sealed class StopCommand(Host host) : EndCommand(
    host,
    RunRequest.Stop,
    "stop",
    "End runs behind a checkpoint, or take them out of the queue.")
{
    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae stop @last", "the newest run"),
        ("synthsae stop 20261121-0650 runs/ID", "by the beginning of a name, by a path"),
        ("synthsae stop --all", "all that wait or are at work"),
        ("synthsae resume @last", "and go on with one"),
    ];
}
