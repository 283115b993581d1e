using SynthSae.Store;

namespace SynthSae;

/// <summary>How one SAE of a run does; null is what is not known (yet).</summary>
public sealed record RunSaeInfo
{
    private RunSaeInfo()
    {
    }

    /// <summary>E.g. "BatchTopK".</summary>
    public string Architecture { get; private init; } = "";

    /// <summary>L, the number of latents.</summary>
    public int Width { get; private init; }

    /// <summary>The wanted L0; null where a penalty decides.</summary>
    public double? TargetL0 { get; private init; }

    /// <summary>Loss of training, averaged over some 20 steps.</summary>
    public double? Loss { get; private init; }

    /// <summary>Latents active per sample, averaged likewise.</summary>
    public double? L0 { get; private init; }

    /// <summary>R² of training, averaged likewise.</summary>
    public double? ExplainedVariance { get; private init; }

    /// <summary>Latents that count as dead.</summary>
    public int? DeadLatents { get; private init; }

    /// <summary>F1 of the latest scoring, as trained.</summary>
    public double? F1 { get; private init; }

    /// <summary>MCC of the latest scoring.</summary>
    public double? Mcc { get; private init; }

    /// <summary>Steps taken before that scoring.</summary>
    public long? ScoredAtStep { get; private init; }

    internal static RunSaeInfo Of(SaeFigures figures) => new()
    {
        Architecture = figures.Architecture,
        Width = figures.Latents,
        TargetL0 = Known(figures.K),
        Loss = Known(figures.Loss),
        L0 = Known(figures.L0),
        ExplainedVariance = Known(figures.R2),
        DeadLatents = figures.Dead < 0 ? null : figures.Dead,
        F1 = Known(figures.F1),
        Mcc = Known(figures.Mcc),
        ScoredAtStep = figures.ScoredAtStep < 0 ? null : figures.ScoredAtStep,
    };

    internal static double? Known(double value) => double.IsNaN(value) ? null : value;
}
