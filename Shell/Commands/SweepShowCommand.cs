using System.CommandLine;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Reports;
using SynthSae.Settings;
using SynthSae.Sweeps;

namespace SynthSae.Commands;

/// <summary>Shows what has come out of a sweep so far.</summary>
internal sealed class SweepShowCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _sweep = new("sweep")
    {
        Description = "A sweep's folder, or a part of its name in --runs; the newest if not given.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _json = CliOptions.Json();

    public SweepShowCommand(Host host)
        : base("show", "Show what has come out of a sweep so far, and write it to its folder.")
    {
        _host = host;
        Arguments.Add(_sweep);
        Add(_json);
        _common = new CommonOptions(this, SettingNames.Runs);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae sweep show", "the newest sweep"),
        ("synthsae sweep show l0-small --json", "every figure of every run"),
    ];

    private int Execute(ParseResult parsed)
    {
        var folder = Find(parsed.GetValue(_sweep), _common.Read(parsed).RunsFolder);
        var table = SweepTable.Read(folder, SweepRecord.Read(folder));
        SweepTableText.Write(folder, table);
        if (parsed.GetValue(_json))
        {
            _host.Out.Write(Json.Pretty(table.ToJson()));
        }
        else
        {
            SweepReport.Write(folder, table, _host);
        }

        return ExitCode.Ok;
    }

    private static SweepFolder Find(string? name, string runs) =>
        name is not null
            ? SweepFolder.Find(name, runs)
            : SweepFolder.All(runs).LastOrDefault()
                ?? throw Failure.BadInput(runs, "holds no sweep");
}
