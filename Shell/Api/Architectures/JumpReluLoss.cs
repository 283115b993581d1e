using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// What the sparsity loss of a JumpReLU SAE counts: <see cref="Step"/>, <see cref="Tanh"/> or
/// <see cref="Quadratic"/>.
/// </summary>
public abstract record JumpReluLoss
{
    private protected JumpReluLoss()
    {
    }

    internal abstract JumpReluSparsity ToCore();

    internal static JumpReluLoss OfCore(JumpReluSparsity core) =>
        core switch
        {
            JumpReluSparsity.Tanh tanh => new Tanh(tanh.scale),
            { IsQuadratic: true } => new Quadratic(),
            _ => new Step(),
        };

    /// <summary>λ · the mean L0 itself.</summary>
    public sealed record Step : JumpReluLoss
    {
        internal override JumpReluSparsity ToCore() => JumpReluSparsity.Step;
    }

    /// <summary>λ · the mean of Σ_j tanh(scale · f_j ‖W_dec,j‖).</summary>
    /// <param name="Scale">Above 0; the reference's default is 4.</param>
    public sealed record Tanh(double Scale = 4) : JumpReluLoss
    {
        internal override JumpReluSparsity ToCore() => JumpReluSparsity.NewTanh(Scale);
    }

    /// <summary>
    /// λ · (L0/target − 1)², L0 the mean over the batch; needs
    /// <see cref="SaeSpecification.TargetL0"/>.
    /// </summary>
    public sealed record Quadratic : JumpReluLoss
    {
        internal override JumpReluSparsity ToCore() => JumpReluSparsity.Quadratic;
    }
}
