namespace SynthSae;

/// <summary>What came out of a run.</summary>
/// <param name="Specification">What was run.</param>
/// <param name="Saes">Every SAE that was trained.</param>
public sealed record TrainingResult(
    RunSpecification Specification, IReadOnlyList<TrainedSae> Saes)
{
    /// <summary>The run folder; null if nothing was kept.</summary>
    public string? Folder { get; init; }

    /// <summary>False if it was stopped before its end.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Steps that every SAE has taken.</summary>
    public long Steps { get; init; }

    /// <summary>Samples that every SAE was trained on.</summary>
    public long Samples { get; init; }

    /// <summary>Time of drawing batches and taking steps, in all sittings.</summary>
    public TimeSpan TrainingTime { get; init; }

    /// <summary>Time of everything, in all sittings.</summary>
    public TimeSpan TotalTime { get; init; }

    /// <summary>Samples per second of training, data generation and all SAEs included.</summary>
    public double SamplesPerSecond => Samples / TrainingTime.TotalSeconds;

    /// <summary>The SAE of a run that has one.</summary>
    /// <exception cref="InvalidOperationException">The run has several.</exception>
    public TrainedSae Only =>
        Saes is [var one]
            ? one
            : throw new InvalidOperationException($"the run has {Saes.Count} SAEs: see Saes");

    /// <summary>In one line.</summary>
    public override string ToString() =>
        $"{Specification.Name}: {Saes.Count} SAE(s), {Steps} steps, "
        + (IsComplete ? "complete" : "stopped");
}
