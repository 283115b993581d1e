namespace SynthSae.Slurm;

/// <summary>What Slurm knows of a run.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="Task">Its task; null if its job was never heard of.</param>
/// <param name="State">Slurm's word for its state; "" if Slurm has forgotten it.</param>
/// <param name="Reason">Why it waits or has failed; "" if not known.</param>
/// <param name="Node">Where it runs; "" if nowhere.</param>
/// <param name="LogFile">Where it writes what it has to say.</param>
internal sealed record RunInSlurm(
    string Run, SlurmTaskId? Task, string State, string Reason, string Node, string LogFile)
{
    /// <summary>How far Slurm is with it; null if Slurm has forgotten it.</summary>
    public SlurmPhase? Phase => State == "" ? null : SlurmTask.PhaseOf(State);

    /// <summary>True if it waits or runs: it must not be submitted again.</summary>
    public bool IsActive => Phase is SlurmPhase.Pending or SlurmPhase.Running;
}
