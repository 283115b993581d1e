using System.CommandLine;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Reports;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>Tells all about a run.</summary>
internal sealed class ShowCommand : RunsCommand
{
    private readonly Argument<string> _run = OneRun();
    private readonly Option<bool> _json = CliOptions.Json();

    public ShowCommand(Host host)
        : base(host, "show", "Tell how a run stands, what it scored, and how to go on.")
    {
        Arguments.Add(_run);
        Add(_json);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae show @last", "the newest run"),
        ("synthsae show 20261121-0652", "one by the beginning of its id"),
    ];

    private int Execute(ParseResult parsed)
    {
        var run = Store(parsed).Get(parsed.GetRequiredValue(_run));
        if (parsed.GetValue(_json))
        {
            var json = run.ToJson();
            json["spec"] = RunStore.Spec(run);
            json["result"] = StatusFile.TryRead(run.Open().ResultFile);
            Host.Out.Write(Json.Pretty(json));
        }
        else
        {
            new RunShowReport(run, DateTime.UtcNow, Host).Write();
        }

        return ExitCode.Ok;
    }
}
