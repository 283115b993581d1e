using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>A run that is ready to start: its specification is valid.</summary>
/// <param name="Name">The preset, or the file's name without its ending.</param>
/// <param name="Spec">The validated specification.</param>
internal sealed record RunPlan(string Name, Valid<RunSpec> Spec)
{
    /// <summary>The specification in the reference's field names.</summary>
    public string Json => RunSpecs.ToJson(Spec.Value);

    /// <summary>What is trained, all on the same batches.</summary>
    public IReadOnlyList<SaePlan> Saes { get; } = SaePlan.All(Spec);

    /// <summary>D as the specification wants it; null to take the data's.</summary>
    public int? Dimension =>
        Saes.Select(sae => sae.Dimension).FirstOrDefault(dim => dim is not null);

    /// <summary>B.</summary>
    public int BatchSize => Spec.Value.Training.BatchSize;

    /// <summary>Steps that the samples fill; the last batch may overshoot.</summary>
    public long Steps => (Spec.Value.Training.Samples + BatchSize - 1) / BatchSize;
}
