using System.CommandLine;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Says what something is.</summary>
internal sealed class InspectCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _what = new("preset|file|folder")
    {
        Description = "A preset, a specification's file, or a folder of a model, an SAE or a run; "
            + "one on the hub as owner/name:path.",
    };

    public InspectCommand(Host host)
        : base("inspect", "Say what a preset, file or folder is, in words and figures.")
    {
        _host = host;
        Arguments.Add(_what);
        _common = new CommonOptions(this, SettingNames.Threads, SettingNames.Cache);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae inspect synth-sae-bench-16k", "a preset, with its forest of features"),
        ("synthsae inspect runs/ID", "a run and its results"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var name = PullDisplay.Pin(_host, parsed.GetRequiredValue(_what));
        new Inspection(settings, _host).Write(name);
        return ExitCode.Ok;
    }
}
