using System.CommandLine;
using SynthSae.Hosting;
using SynthSae.Reports;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>Shows what a run has told.</summary>
internal sealed class LogsCommand : RunsCommand
{
    private readonly Argument<string> _run = OneRun();

    private readonly Option<bool> _follow = new("--follow", "-f")
    {
        Description = "Go on with what comes, until the run ends.",
    };

    private readonly Option<long?> _lines =
        CliOptions.Count("--lines", "No more than the last N of what is there.", min: 0);

    private readonly Option<bool> _json =
        new("--json") { Description = "The lines of events.jsonl as they are." };

    public LogsCommand(Host host)
        : base(host, "logs", "Show what a run has logged, in words.")
    {
        Arguments.Add(_run);
        Add(_follow);
        _lines.Aliases.Add("-n");
        Add(_lines);
        Add(_json);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae logs @last", "all of the newest run"),
        ("synthsae logs -f -n 20 @last", "the end, and what comes"),
    ];

    private int Execute(ParseResult parsed)
    {
        var run = Store(parsed).Get(parsed.GetRequiredValue(_run));
        using var stop = new StopSignal(Host);
        var log = new RunLog(run.Open(), parsed.GetValue(_json), Host.Out);
        log.Write(parsed.GetValue(_lines) ?? long.MaxValue);
        if (parsed.GetValue(_follow))
        {
            log.Follow(stop.Token);
        }

        return stop.ExitCode;
    }
}
