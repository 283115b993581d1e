using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// How an SAE turns pre-activations into latents, with the settings of its own. The cases are
/// <see cref="Standard"/>, <see cref="TopK"/>, <see cref="AbsTopK"/>, <see cref="BatchTopK"/>,
/// <see cref="Matryoshka"/>, <see cref="JumpRelu"/>, <see cref="Gated"/> and
/// <see cref="MatchingPursuit"/>; there are no others. Defaults are the reference's. Values are
/// checked by <see cref="RunSpecification.Validate"/>.
/// </summary>
public abstract partial record Architecture
{
    private protected Architecture()
    {
    }

    /// <summary>As the reference's files name it, e.g. <c>batchtopk</c>.</summary>
    public abstract string Name { get; }

    internal abstract SaeArchitecture ToCore();

    internal static Architecture OfCore(SaeArchitecture core) =>
        core switch
        {
            SaeArchitecture.Standard standard => Standard.OfCore(standard.Item),
            SaeArchitecture.TopK top => TopK.OfCore(top),
            SaeArchitecture.AbsTopK top => AbsTopK.OfCore(top),
            SaeArchitecture.BatchTopK top => BatchTopK.OfCore(top),
            SaeArchitecture.Matryoshka matryoshka => Matryoshka.OfCore(matryoshka),
            SaeArchitecture.JumpRelu jump => JumpRelu.OfCore(jump.Item),
            SaeArchitecture.Gated gated => new Gated(SparsityPenalty.OfCore(gated.Item.L1)),
            SaeArchitecture.MatchingPursuit pursuit => MatchingPursuit.OfCore(pursuit.Item),
            _ => throw new ArgumentException($"unknown architecture {core}", nameof(core)),
        };
}
