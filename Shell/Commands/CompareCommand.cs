using System.CommandLine;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Reports;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>Sets runs side by side.</summary>
internal sealed class CompareCommand : RunsCommand
{
    private const int Most = 8;

    private readonly Argument<string[]> _runs = SomeRuns();
    private readonly Option<bool> _json = CliOptions.Json();

    public CompareCommand(Host host)
        : base(host, "compare", "Show in what runs differ: their specifications, their scores.")
    {
        Arguments.Add(_runs);
        Add(_json);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae compare @2 @last", "the newest run with the one before"),
        ("synthsae compare runs/A runs/B runs/C", "up to eight"),
    ];

    private int Execute(ParseResult parsed)
    {
        var store = Store(parsed);
        var saes = ComparedSae.Of(
            [.. (parsed.GetValue(_runs) ?? []).Select(store.Get).DistinctBy(run => run.Folder)]);
        if (saes.Count is < 2 or > Most)
        {
            throw Failure.BadInput(
                "compare",
                $"takes 2 to {Most} different SAEs, of one run or several (got {saes.Count})");
        }

        var report = new CompareReport(saes);
        if (parsed.GetValue(_json))
        {
            Host.Out.Write(Json.Pretty(report.ToJson()));
        }
        else
        {
            report.Write(Host);
        }

        return ExitCode.Ok;
    }
}
