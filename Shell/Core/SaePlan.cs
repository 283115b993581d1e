using System.Globalization;
using Microsoft.FSharp.Core;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>One SAE of a run.</summary>
/// <param name="Index">Its place among the run's SAEs, from 0.</param>
/// <param name="Count">How many SAEs the run has.</param>
/// <param name="Spec">The run with this SAE alone.</param>
internal sealed record SaePlan(int Index, int Count, Valid<RunSpec> Spec)
{
    /// <summary>True if the run has no other.</summary>
    public bool IsAlone => Count == 1;

    /// <summary>E.g. "BatchTopK".</summary>
    public string Architecture =>
        Sae.Architecture switch
        {
            SaeArchitecture.BatchTopK => "BatchTopK",
            SaeArchitecture.TopK => "TopK",
            SaeArchitecture.JumpRelu => "JumpReLU",
            var other => other.GetType().Name,
        };

    /// <summary>
    /// Wanted number of active latents per sample; NaN where a coefficient decides.
    /// </summary>
    public double K => SaeSpecModule.l0(Sae) is { Value: var k } ? k : double.NaN;

    /// <summary>D as the specification wants it; null to take the data's.</summary>
    public int? Dimension => OptionModule.IsSome(Sae.DIn) ? Sae.DIn.Value : null;

    /// <summary>L.</summary>
    public int Latents => Sae.DSae;

    /// <summary>Seed of its weights.</summary>
    public long Seed =>
        OptionModule.IsSome(Sae.Seed) ? Sae.Seed.Value : Spec.Value.Training.Seed;

    /// <summary>Its path in the specification.</summary>
    public string Path => IsAlone ? SpecPaths.Sae : $"{SpecPaths.Saes}[{Index}]";

    /// <summary>
    /// Its own name among the run's SAEs, which sort by it, e.g. 0-batchtopk-4096-k25.
    /// </summary>
    public string Label
    {
        get
        {
            var digits = $"{Count - 1}".Length;
            var index = Index.ToString($"D{digits}", CultureInfo.InvariantCulture);
            return string.Join('-', [index, .. Words])
                .ToLowerInvariant();
        }
    }

    /// <summary>Architecture, width and sparsity.</summary>
    public IReadOnlyList<string> Words =>
    [
        Architecture,
        $"{Latents}",
        .. double.IsNaN(K) ? Array.Empty<string>()
            : [string.Create(CultureInfo.InvariantCulture, $"k{K}")],
    ];

    private SaeSpec Sae => Spec.Value.Sae;

    /// <summary>All SAEs of a run.</summary>
    public static IReadOnlyList<SaePlan> All(Valid<RunSpec> run)
    {
        var count = run.Value.Saes.Length;
        return [.. Enumerable.Range(0, count).Select(index =>
            new SaePlan(index, count, RunSpecModule.single(index, run)))];
    }
}
