using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using SynthSae.Formatting;

namespace SynthSae.Commands;

/// <summary>The usual help, followed by the command's examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parsed)
    {
        usual.Invoke(parsed);
        if (parsed.CommandResult.Command is CliCommand command)
        {
            var writer = parsed.InvocationConfiguration.Output;
            writer.WriteLine("Examples:");
            var table = new TextTable(new(""), new(""));
            foreach (var (line, effect) in command.Examples)
            {
                table.Add("  " + line, effect);
            }

            table.Write(writer);
        }

        return 0;
    }
}
