namespace SynthSae;

/// <summary>One SAE that a run has trained.</summary>
/// <param name="Specification">What was asked for.</param>
/// <param name="Sae">The SAE in its inference form, as it is saved.</param>
/// <param name="Last">Its last step.</param>
public sealed record TrainedSae(
    SaeSpecification Specification, SparseAutoencoder Sae, SaeProgress Last)
{
    /// <summary>
    /// Its scores with the selection rule of training; null without an evaluation at the end.
    /// </summary>
    public SaeEvaluation? AsTrained { get; init; }

    /// <summary>
    /// Its scores as <see cref="Sae"/> works, on each sample alone; null without an evaluation at
    /// the end. What each latent stands for is not kept:
    /// <c>Sae.Evaluate(model)</c>
    /// says it.
    /// </summary>
    public SaeEvaluation? AsSaved { get; init; }

    /// <summary>The same with pruning; null where nothing is pruned.</summary>
    public SaeEvaluation? Pruned { get; init; }
}
