using System.CommandLine;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Commands;

/// <summary>Reports arguments that cannot be understood.</summary>
internal static class Mistakes
{
    /// <summary>Every mistake in a line of its own, and where help is found.</summary>
    public static int Report(ParseResult parsed, TextWriter writer)
    {
        var command = parsed.CommandResult.Command;
        var unmatched = parsed.UnmatchedTokens;
        if (unmatched.Count > 0)
        {
            foreach (var token in unmatched)
            {
                writer.WriteLine($"synthsae: {Unknown(token, command)}");
            }
        }

        // The parser also complains of each unmatched token, in its own words.
        foreach (var error in parsed.Errors.Where(error => !unmatched.Any(error.Message.Contains)))
        {
            writer.WriteLine($"synthsae: {error.Message}");
        }

        writer.WriteLine($"  see {Path(command)} --help");
        return ExitCode.BadInput;
    }

    private static string Unknown(string token, Command command)
    {
        if (token.StartsWith('-'))
        {
            var options = command.Options.SelectMany(option => option.Aliases.Append(option.Name));
            return $"{Path(command)} has no option {token}{Nearest.Hint(token, options)}";
        }

        var commands = command.Subcommands.Select(sub => sub.Name);
        return command is RootCommand
            ? $"there is no command {token}{Nearest.Hint(token, commands)}"
            : $"{Path(command)} cannot use the argument {token}";
    }

    private static string Path(Command command) =>
        command is RootCommand ? Root.Name : $"{Root.Name} {command.Name}";
}
