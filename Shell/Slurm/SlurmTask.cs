namespace SynthSae.Slurm;

/// <summary>What Slurm's queue says of a task.</summary>
/// <param name="Id">Which task.</param>
/// <param name="State">Slurm's own word: PENDING, RUNNING, TIMEOUT, ….</param>
/// <param name="Reason">Why it waits or has failed; "" if Slurm gives none.</param>
/// <param name="Used">Time used, as Slurm writes it.</param>
/// <param name="Node">Where it runs; "" while it waits.</param>
/// <param name="Script">The job script's file as it was submitted.</param>
internal sealed record SlurmTask(
    SlurmTaskId Id, string State, string Reason, string Used, string Node, string Script)
{
    /// <summary>
    /// The format that squeue is asked for: without JSON, whose shape changes with the version.
    /// The script comes last, for its name may hold the separator.
    /// </summary>
    public const string Format = "%F|%K|%T|%r|%M|%N|%o";

    private const int Fields = 7;

    private static readonly HashSet<string> Waiting =
    [
        "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT",
    ];

    private static readonly HashSet<string> Over =
    [
        "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
        "PREEMPTED", "REVOKED", "TIMEOUT",
    ];

    /// <summary>
    /// How far Slurm is with it. A word that is not known counts as running: what might run is
    /// never submitted again.
    /// </summary>
    public SlurmPhase Phase => PhaseOf(State);

    /// <summary>How far Slurm is with a task in this state.</summary>
    public static SlurmPhase PhaseOf(string state) =>
        Waiting.Contains(state) ? SlurmPhase.Pending
        : Over.Contains(state) ? SlurmPhase.Ended
        : SlurmPhase.Running;

    /// <summary>A line of squeue; null if it is none of a task.</summary>
    public static SlurmTask? TryParse(string line)
    {
        var fields = line.Split('|', Fields);
        if (fields.Length < Fields)
        {
            return null;
        }

        var isArray = fields[1] is not ("N/A" or "");
        var id = SlurmTaskId.TryParse(isArray ? $"{fields[0]}_{fields[1]}" : fields[0]);
        return id is { } known
            ? new SlurmTask(
                known, fields[2], Word(fields[3]), fields[4], Word(fields[5]), fields[6])
            : null;
    }

    private static string Word(string field) =>
        field is "None" or "N/A" or "(null)" ? "" : field;
}
