using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// Leave-one-out pruning of a saved SAE: active latents of which too little is left when all others
/// are taken away from the sample are dropped. <see cref="Off"/>, <see cref="Auto"/> or
/// <see cref="Below"/>.
/// </summary>
public abstract record PruningChoice
{
    private protected PruningChoice()
    {
    }

    internal abstract PruningSpec ToCore();

    internal static PruningChoice OfCore(PruningSpec core) =>
        core switch
        {
            PruningSpec.Below below => new Below(below.threshold),
            { IsAuto: true } => new Auto(),
            _ => new Off(),
        };

    /// <summary>Nothing is dropped.</summary>
    public sealed record Off : PruningChoice
    {
        internal override PruningSpec ToCore() => PruningSpec.Off;
    }

    /// <summary>Below a threshold that is found from training samples, without the truth.</summary>
    public sealed record Auto : PruningChoice
    {
        internal override PruningSpec ToCore() => PruningSpec.Auto;
    }

    /// <summary>Those whose score is at most a given threshold.</summary>
    /// <param name="Threshold">An amplitude in units of x.</param>
    public sealed record Below(double Threshold) : PruningChoice
    {
        internal override PruningSpec ToCore() => PruningSpec.NewBelow(Threshold);
    }
}
