using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Commands;

/// <summary>The usual help, followed by the command's examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual, Host host) : SynchronousCommandLineAction
{
    private const int LeastEffect = 28;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parsed)
    {
        usual.Invoke(parsed);
        if (parsed.CommandResult.Command is CliCommand command)
        {
            Write(command.Examples, parsed.InvocationConfiguration.Output);
        }

        return 0;
    }

    // Side by side where the terminal is wide enough for that.
    private void Write(IReadOnlyList<(string Line, string Effect)> examples, TextWriter writer)
    {
        writer.WriteLine("Examples:");
        var beside = examples.Max(example => example.Line.Length) + LeastEffect <= host.Width;
        var table = new TextTable(new(""), new(""));
        foreach (var (line, effect) in examples)
        {
            if (beside)
            {
                table.Add("  " + line, effect);
            }
            else
            {
                writer.WriteLine($"  {line}");
                writer.WriteLine($"      {effect}");
            }
        }

        table.Write(writer, host.Width);
    }
}
