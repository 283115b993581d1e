using System.ComponentModel;
using System.Diagnostics;
using SynthSae.Core;

namespace SynthSae.Slurm;

/// <summary>Commands as processes of this machine.</summary>
/// <param name="limit">How long one may take.</param>
/// <param name="variables">Added to this process's environment.</param>
internal sealed class ProcessCommands(
    TimeSpan limit, IReadOnlyDictionary<string, string>? variables = null) : ICommands
{
    /// <summary>How long a command of Slurm may take: a busy controller answers late.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // A user's wishes for what squeue and sacct show a person would change what is read here; and
    // a submission must not wait for the job's end.
    private static readonly string[] Unwanted = ["SQUEUE_", "SACCT_", "SBATCH_WAIT"];

    public string? Variable(string name) =>
        variables?.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name);

    public CommandOutcome Run(string program, IReadOnlyList<string> arguments)
    {
        using var process = Start(program, arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        // A child that keeps the streams open must not be waited for either.
        if (!process.WaitForExit(limit) || !Task.WaitAll([output, error], limit))
        {
            process.Kill(entireProcessTree: true);
            throw Failure.BadInput(program, $"has not answered within {limit.TotalSeconds:0} s");
        }

        return new CommandOutcome(process.ExitCode, output.Result, error.Result);
    }

    private Process Start(string program, IReadOnlyList<string> arguments)
    {
        try
        {
            return Process.Start(Information(program, arguments))!;
        }
        catch (Win32Exception error)
        {
            throw Failure.BadInput(program, $"cannot be run: {error.Message}");
        }
    }

    private ProcessStartInfo Information(string program, IReadOnlyList<string> arguments)
    {
        var information = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var environment = information.Environment;
        foreach (var name in environment.Keys.Where(IsUnwanted).ToList())
        {
            environment.Remove(name);
        }

        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
        {
            environment[name] = value;
        }

        return information;
    }

    private static bool IsUnwanted(string name) =>
        Unwanted.Any(start => name.StartsWith(start, StringComparison.Ordinal));
}
