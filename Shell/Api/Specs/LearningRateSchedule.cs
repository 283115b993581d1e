using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// The learning rate between warm-up and decay: <see cref="Constant"/>, <see cref="Cosine"/> or
/// <see cref="CosineRestarts"/>.
/// </summary>
public abstract record LearningRateSchedule
{
    private protected LearningRateSchedule()
    {
    }

    internal abstract LrScheduler ToCore();

    internal static LearningRateSchedule OfCore(LrScheduler core) =>
        core switch
        {
            LrScheduler.CosineRestarts restarts => new CosineRestarts(restarts.cycles),
            { IsCosine: true } => new Cosine(),
            _ => new Constant(),
        };

    /// <summary>The same all the way.</summary>
    public sealed record Constant : LearningRateSchedule
    {
        internal override LrScheduler ToCore() => LrScheduler.Constant;
    }

    /// <summary>Half a cosine down to <see cref="RunSpecification.FinalLearningRate"/>.</summary>
    public sealed record Cosine : LearningRateSchedule
    {
        internal override LrScheduler ToCore() => LrScheduler.Cosine;
    }

    /// <summary>The cosine, begun anew several times.</summary>
    /// <param name="Cycles">How often it runs, at least 1 and at most once per step.</param>
    public sealed record CosineRestarts(int Cycles) : LearningRateSchedule
    {
        internal override LrScheduler ToCore() => LrScheduler.NewCosineRestarts(Cycles);
    }
}
