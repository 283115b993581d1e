using System.CommandLine;
using System.CommandLine.Invocation;
using SynthSae.Hosting;

namespace SynthSae.Commands;

/// <summary>
/// Parses the arguments, runs the command that they name, and reports what went wrong.
/// </summary>
internal static class CommandLine
{
    // An argument that begins with @ is a name like any other.
    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };

    /// <summary>The exit code.</summary>
    public static int Run(string[] args, Host host)
    {
        try
        {
            var parsed = Root.Create(host).Parse(args, Parser);
            return parsed.Action is ParseErrorAction
                ? Mistakes.Report(parsed, host.Error)
                : parsed.Invoke(new InvocationConfiguration
                {
                    Output = host.Out,
                    Error = host.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                });
        }
        catch (Exception error)
        {
            return ErrorReport.Write(error, host.Error);
        }
    }
}
