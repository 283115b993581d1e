using SynthSae.Runs;

namespace SynthSae;

/// <summary>One SAE after a step, as measured on that step's batch.</summary>
/// <param name="Loss">Total loss: squared error summed over D, and auxiliary terms.</param>
/// <param name="Mse">The squared error alone.</param>
/// <param name="L0">Mean number of active latents.</param>
/// <param name="ExplainedVariance">R²: share of the variance that is explained.</param>
/// <param name="DeadLatents">Latents that have not fired for longer than the window.</param>
/// <param name="LearningRate">Of the step.</param>
public sealed record SaeProgress(
    double Loss,
    double Mse,
    double L0,
    double ExplainedVariance,
    int DeadLatents,
    double LearningRate)
{
    /// <summary>Latents kept per sample in the step; null where a penalty decides.</summary>
    public double? K { get; init; }

    /// <summary>Weight of the sparsity loss in the step; null where there is none.</summary>
    public double? Coefficient { get; init; }

    internal static SaeProgress Of(StepProgress step) =>
        new(step.Loss, step.Mse, step.L0, step.R2, step.Dead, step.Lr)
        {
            K = OrNull(step.K),
            Coefficient = OrNull(step.Coefficient),
        };

    private static double? OrNull(double value) => double.IsNaN(value) ? null : value;
}
