using SynthSae.Hosting;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>Pauses runs.</summary>
internal sealed class PauseCommand(Host host) : EndCommand(
    host,
    RunRequest.Pause,
    "pause",
    "End runs behind a checkpoint until they are resumed; their slots are free meanwhile.")
{
    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae pause @last", "the newest run"),
        ("synthsae pause --all", "all that wait or are at work"),
        ("synthsae resume --all", "go on with all that are paused or were interrupted"),
    ];
}
