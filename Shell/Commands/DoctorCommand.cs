using System.CommandLine;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Reports;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Shows what the program finds around it.</summary>
internal sealed class DoctorCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Option<bool> _json = CliOptions.Json();

    public DoctorCommand(Host host)
        : base("doctor", "Show runtime, processor, memory, folders, and the settings in force.")
    {
        _host = host;
        Add(_json);
        _common = new CommonOptions(this, [.. SettingNames.All]);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae doctor", "everything at a glance"),
        ("synthsae doctor --threads 1 --cache none", "what these flags would change"),
    ];

    private int Execute(ParseResult parsed)
    {
        var report = new DoctorReport(_common.Read(parsed));
        if (parsed.GetValue(_json))
        {
            _host.Out.Write(Json.Pretty(report.ToJson()));
        }
        else
        {
            report.Write(_host);
        }

        return report.IsHealthy ? ExitCode.Ok : ExitCode.BadInput;
    }
}
