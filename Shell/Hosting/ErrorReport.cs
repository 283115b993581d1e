using SynthSae.Compute;
using SynthSae.Core;

namespace SynthSae.Hosting;

/// <summary>Tells an error to the person, and gives the exit code that belongs to it.</summary>
internal static class ErrorReport
{
    /// <summary>
    /// True for errors that input from outside has caused; everything else is a bug.
    /// </summary>
    public static bool IsBadInput(Exception error) =>
        error is BadInput or SpecException or IOException or UnauthorizedAccessException
            or OutOfMemoryException
        || (error is AggregateException { InnerExceptions.Count: 1, InnerException: { } inner }
            && IsBadInput(inner));

    /// <summary>One message on standard error; a stack trace only for a bug.</summary>
    public static int Write(Exception error, TextWriter writer)
    {
        switch (error)
        {
            case AggregateException { InnerExceptions.Count: 1, InnerException: { } inner }:
                return Write(inner, writer);
            case SpecException spec:
                WriteSpecErrors(spec, writer);
                return ExitCode.BadInput;
            case CrashException crash:
                writer.WriteLine($"synthsae: a bug: {crash.InnerException!.Message}");
                writer.WriteLine($"  the stack trace is in {crash.File}");
                return ExitCode.Bug;
            case OutOfMemoryException:
                writer.WriteLine("synthsae: memory: the machine has none left for this");
                return ExitCode.BadInput;
            case not null when IsBadInput(error):
                writer.WriteLine($"synthsae: {error.Message}");
                return ExitCode.BadInput;
            default:
                writer.WriteLine("synthsae: a bug; please report it with this trace:");
                writer.WriteLine(error);
                return ExitCode.Bug;
        }
    }

    private static void WriteSpecErrors(SpecException spec, TextWriter writer)
    {
        var count = spec.Errors.Count == 1 ? "an error" : $"{spec.Errors.Count} errors";
        writer.WriteLine($"synthsae: {count} in {spec.Place}");
        foreach (var error in spec.Errors)
        {
            writer.WriteLine($"  {error}");
        }
    }
}
