using System.CommandLine;
using System.CommandLine.Parsing;
using SynthSae.Store;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>
/// The runs that a command is to do something with: by name, or all that it suits.
/// </summary>
internal sealed class RunArguments
{
    private readonly Option<bool> _all;
    private readonly Argument<string[]> _names = CliOptions.Names(
        "run",
        "Names of runs, or what they begin with; paths; @last, @2.",
        ArgumentArity.ZeroOrMore);

    /// <summary>Give the command the arguments.</summary>
    public RunArguments(Command command, string all)
    {
        _all = new Option<bool>("--all") { Description = all };
        command.Arguments.Add(_names);
        command.Add(_all);
        command.Validators.Add(result => Check(command.Name, result));
    }

    /// <summary>The runs, each once.</summary>
    public IReadOnlyList<RunSummary> Get(
        ParseResult parsed, RunFinder finder, Func<RunSummary, bool> suits) =>
        parsed.GetValue(_all)
            ? [.. finder.All().Where(suits)]
            : [.. (parsed.GetValue(_names) ?? []).Select(finder.Get).DistinctBy(run => run.Folder)];

    private void Check(string command, CommandResult result)
    {
        var names = result.GetResult(_names)?.Tokens.Count ?? 0;
        var all = result.GetResult(_all) is { Implicit: false };
        if (all == (names > 0))
        {
            result.AddError($"{command}: name runs, or give --all");
        }
    }
}
