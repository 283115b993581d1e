namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// The auxiliary loss of the TopK family, which gives dead latents a gradient (Gao et al. 2024, in the form
/// of the reference's `calculate_topk_aux_loss`). With n dead latents, k = min(⌊D/2⌋, n) and
/// weight w = coefficient·min(n/⌊D/2⌋, 1): among the dead latents the k largest compared pre-activations of
/// each sample (by absolute value with AbsTopK), raw (no relu; ties to the lower latent), reconstruct the residual r = x − x̂ (held fixed)
/// without the decoder bias:
///
///   loss = w · mean_b ‖ Σ_j pre_bj W_dec,j − r_b ‖²
///
/// or with it, where b_dec is given. Where errors are measured by their variance (Gao et al.) the weight is
/// coefficient·Var(x)/Var(r) and k the same.
///
/// The decoder norm of the comparison cancels as in `Select` and has no gradient. Gradients are added to those
/// that are there. Cost 8·B·n·D FLOP. Tolerance 1e-5 of the largest gradient.
type AuxKResult =
    {
        Loss: float
        /// The error of the reconstruction by dead latents (B, D), and what the gradient by it is: c·error.
        Error: Matrix
        /// c.
        Factor: float
        /// Gradients by the pre-activations of dead latents (B, n), up to c; 0 where one did not take part.
        Slopes: Matrix
    }

module AuxK =
    /// The number of latents of one sample that take part.
    let count dim dead = min (dim / 2) dead

    /// The loss's weight, with errors as they are.
    let weight (coefficient: float) dim dead =
        coefficient * min (float dead / float (dim / 2)) 1.0

    /// The loss's weight, with errors relative to their variance and the loss in units of the input's; 0 where the
    /// residual does not vary.
    let varianceWeight (coefficient: float) (ofInput: float) (ofResidual: float) =
        if ofResidual > 0.0 then coefficient * ofInput / ofResidual else 0.0
