using System.CommandLine;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Measures speed.</summary>
internal sealed class BenchCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Option<bool> _json = CliOptions.Json();

    public BenchCommand(Host host)
        : base("bench", "Measure the speed of the main computations on this machine.")
    {
        _host = host;
        Add(_json);
        _common = new CommonOptions(this, SettingNames.Threads, SettingNames.Cache);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
        [("synthsae bench", "a table"), ("synthsae bench --json", "the same as JSON")];

    private int Execute(ParseResult parsed) => throw new NotImplementedException();
}
