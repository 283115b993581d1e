namespace SynthSae;

/// <summary>How a run is executed.</summary>
public sealed record TrainingOptions
{
    /// <summary>How to compute.</summary>
    public ComputeOptions Compute { get; init; } = ComputeOptions.Default;

    /// <summary>
    /// The run's own folder, new or empty. Without it and without <see cref="RunsFolder"/> nothing
    /// is kept: the run works in a temporary folder, which is gone when it ends.
    /// </summary>
    public string? RunFolder { get; init; }

    /// <summary>
    /// A folder of runs, in which the run makes a folder of its own, named after the time and what
    /// is trained. <see cref="RunFolder"/> prevails.
    /// </summary>
    public string? RunsFolder { get; init; }

    /// <summary>
    /// Steps between checkpoints, at least 1; null for one every five minutes. A run that keeps
    /// nothing writes none.
    /// </summary>
    public long? CheckpointEvery { get; init; }

    /// <summary>Steps between entries in the run folder's log of events; at least 1.</summary>
    public int LogEvery { get; init; } = 100;

    /// <summary>Begin also where memory does not seem to suffice.</summary>
    public bool ForcesMemory { get; init; }
}
