using Microsoft.FSharp.Core;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>A run that is ready to start: its specification is valid.</summary>
/// <param name="Name">The preset, or the file's name without its ending.</param>
/// <param name="Spec">The validated specification.</param>
public sealed record RunPlan(string Name, Valid<RunSpec> Spec)
{
    /// <summary>The specification in the reference's field names.</summary>
    public string Json => RunSpecs.ToJson(Spec.Value);

    /// <summary>E.g. "BatchTopK".</summary>
    public string Architecture =>
        Spec.Value.Sae.Architecture switch
        {
            SaeArchitecture.BatchTopK => "BatchTopK",
            SaeArchitecture.TopK => "TopK",
            SaeArchitecture.JumpRelu => "JumpReLU",
            var other => other.GetType().Name,
        };

    /// <summary>Wanted number of active latents per sample; NaN where a coefficient decides.</summary>
    public double K =>
        SaeSpecModule.l0(Spec.Value.Sae) is { Value: var k } ? k : double.NaN;

    /// <summary>D as the specification wants it; null to take the model's.</summary>
    public int? Dimension =>
        OptionModule.IsSome(Spec.Value.Sae.DIn) ? Spec.Value.Sae.DIn.Value : null;

    /// <summary>L.</summary>
    public int Latents => Spec.Value.Sae.DSae;

    /// <summary>B.</summary>
    public int BatchSize => Spec.Value.Training.BatchSize;

    /// <summary>Steps that the samples fill; the last batch may overshoot.</summary>
    public long Steps => (Spec.Value.Training.Samples + BatchSize - 1) / BatchSize;
}
