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
public readonly record struct StepProgress(
    long Step,
    long Steps,
    long Samples,
    double Loss,
    double Mse,
    double L0,
    double R2,
    int Dead,
    double Lr);
