using SynthSae.Spec;

namespace SynthSae;

/// <summary>The weight of a sparsity loss, from which the L0 follows.</summary>
/// <param name="Coefficient">λ, at least 0.</param>
/// <param name="WarmUpSteps">Steps in which the weight grows linearly from 0 to λ.</param>
public sealed record SparsityPenalty(double Coefficient, int WarmUpSteps = 0)
{
    internal static SparsityPenalty OfCore(Coefficient core) => new(core.Value, core.WarmUpSteps);

    internal Coefficient ToCore() => new(Coefficient, WarmUpSteps);
}
