namespace SynthSae.Slurm;

/// <summary>What Slurm's accounting says of a task.</summary>
/// <param name="Id">Which task.</param>
/// <param name="State">Slurm's own word: COMPLETED, FAILED, TIMEOUT, ….</param>
/// <param name="ExitCode">The exit code and the signal, e.g. 1:0.</param>
internal sealed record SlurmEnd(SlurmTaskId Id, string State, string ExitCode)
{
    /// <summary>The exit code in words; "" if all went well.</summary>
    public string Reason => ExitCode.Split(':') switch
    {
        [var code, "0"] => code == "0" ? "" : $"exit code {code}",
        [_, var signal] => $"signal {signal}",
        _ => "",
    };

    /// <summary>
    /// A line of <c>sacct -P -o JobID,State,ExitCode</c>; null if it tells of no single task, such
    /// as that of the tasks of an array that still wait.
    /// </summary>
    public static SlurmEnd? TryParse(string line) =>
        line.Split('|') is [var id, var state, var code, ..] && SlurmTaskId.TryParse(id) is { } task
            // "CANCELLED by 1000"
            ? new SlurmEnd(task, state.Split(' ')[0], code)
            : null;
}
