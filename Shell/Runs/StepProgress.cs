using System.Collections.ObjectModel;

namespace SynthSae.Runs;

/// <summary>The state of training after a step.</summary>
/// <param name="Step">Steps taken, from 1.</param>
/// <param name="Steps">Steps to take.</param>
/// <param name="Samples">Samples seen.</param>
/// <param name="Loss">Total loss of the batch: squared error summed over D, and auxiliary
///   terms.</param>
/// <param name="Mse">The squared error alone.</param>
/// <param name="L0">Mean number of active latents.</param>
/// <param name="R2">Share of the batch's variance that is explained.</param>
/// <param name="Dead">Latents that count as dead.</param>
/// <param name="Lr">The learning rate of the step.</param>
internal readonly record struct StepProgress(
    long Step,
    long Steps,
    long Samples,
    double Loss,
    double Mse,
    double L0,
    double R2,
    int Dead,
    double Lr)
{
    /// <summary>The terms of the loss by the reference's names.</summary>
    public IReadOnlyDictionary<string, double> Terms { get; init; } =
        ReadOnlyDictionary<string, double>.Empty;

    /// <summary>
    /// Latents per sample to be kept in the step; NaN where a coefficient decides.
    /// </summary>
    public double K { get; init; } = double.NaN;

    /// <summary>Weight of the sparsity loss in the step; NaN where there is none.</summary>
    public double Coefficient { get; init; } = double.NaN;

    /// <summary>K or the coefficient were others in the step before.</summary>
    public bool IsMoving { get; init; }

    /// <summary>The coefficient cannot be moved further towards the L0 that is wanted.</summary>
    public bool IsSaturated { get; init; }
}
