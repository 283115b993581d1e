namespace SynthSae.Slurm;

/// <summary>How far Slurm is with a task.</summary>
internal enum SlurmPhase
{
    /// <summary>It waits to be started, for the first time or again.</summary>
    Pending,

    /// <summary>It has been started, and Slurm has not done with it.</summary>
    Running,

    /// <summary>It will not run again.</summary>
    Ended,
}
