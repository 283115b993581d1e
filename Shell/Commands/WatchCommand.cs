using System.CommandLine;
using SynthSae.Hosting;
using SynthSae.Terminal;
using SynthSae.Terminal.Runtime;
using SynthSae.Watching;

namespace SynthSae.Commands;

/// <summary>Shows how runs stand without taking the whole screen.</summary>
internal sealed class WatchCommand : RunsCommand
{
    private const double PlainInterval = 5;

    private readonly Argument<string?> _run = new("run")
    {
        Description = $"{Names} All runs if none is named.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _once = new("--once")
    {
        Description = "Say how it stands now, and no more.",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "A JSON object on a line whenever something has changed.",
    };

    private readonly Option<bool> _ascii =
        new("--ascii") { Description = "Draw with ASCII characters only." };

    private readonly Option<double?> _interval = CliOptions.Interval(
        "Seconds between two looks; by default 1 on a terminal, else 5.");

    public WatchCommand(Host host)
        : base(host, "watch", "Show how runs stand until they end; in place, as lines or as JSON.")
    {
        Arguments.Add(_run);
        Add(_once);
        Add(_json);
        Add(_ascii);
        Add(_interval);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae watch @last", "the newest run; the exit code says whether it finished"),
        ("synthsae watch --once", "all runs, once, as text"),
        ("synthsae watch @last --json", "for scripts"),
        ("synthsae watch | tee log.txt", "a line for each change"),
    ];

    private int Execute(ParseResult parsed)
    {
        var isTerminal = ReferenceEquals(Host.Out, Console.Out) && !Console.IsOutputRedirected;
        var json = parsed.GetValue(_json);
        var flags = new CapsFlags(
            Ascii: parsed.GetValue(_ascii), NoColour: true, Mouse: false, Light: false);
        var caps = CapsDetection.Of(Environment.GetEnvironmentVariable, flags);
        var inPlace = isTerminal && !json
            && CapsDetection.CanAddressCursor(Environment.GetEnvironmentVariable);
        var options = new WatchOptions(
            parsed.GetValue(_run),
            parsed.GetValue(_once),
            json,
            TimeSpan.FromSeconds(parsed.GetValue(_interval) ?? (inPlace ? 1 : PlainInterval)),
            inPlace);
        return new Watcher(Store(parsed), options, Host.Out, caps, Room).Watch();

        // The line that one types on stands below, and no line may break by itself.
        Size Room()
        {
            var size = isTerminal
                ? new UnixTerminal().Size
                : new Size(Host.Width + 1, int.MaxValue);
            return new Size(size.Columns - 1, size.Rows - (inPlace ? 2 : 0));
        }
    }
}
