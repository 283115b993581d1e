using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// Moves the coefficient of a sparsity loss until the L0 is
/// <see cref="SaeSpecification.TargetL0"/>.
/// </summary>
public sealed record L0Controller
{
    /// <summary>The first step in which it acts.</summary>
    public int StartStep { get; init; }

    /// <summary>Largest relative change of the coefficient per step; above 0 and below 1.</summary>
    public double IntegralGain { get; init; } = 3e-4;

    /// <summary>Factor on the gain while the L0 moves towards the target; at least 0.</summary>
    public double ConvergenceGain { get; init; } = 0.01;

    /// <summary>How soon a relative error counts as large; above 0.</summary>
    public double GainScale { get; init; } = 10;

    /// <summary>Errors of the L0 up to this are left; at least 0.</summary>
    public double Deadband { get; init; }

    internal static L0Controller OfCore(L0Autotuner core) => new()
    {
        StartStep = core.StartStep,
        IntegralGain = core.IntegralGain,
        ConvergenceGain = core.ConvergenceGain,
        GainScale = core.GainScale,
        Deadband = core.Deadband,
    };

    internal L0Autotuner ToCore() =>
        new(StartStep, IntegralGain, ConvergenceGain, GainScale, Deadband);
}
