namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// The auxiliary loss of the TopK family, which gives dead latents a gradient (Gao et al. 2024, in the form
/// of the reference's `calculate_topk_aux_loss`). With n dead latents, k = min(⌊D/2⌋, n) and
/// weight w = coefficient·min(n/⌊D/2⌋, 1): among the dead latents the k largest compared pre-activations of
/// each sample, raw (no relu; ties to the lower latent), reconstruct the residual r = x − x̂ (held fixed)
/// without the decoder bias:
///
///   loss = w · mean_b ‖ Σ_j pre_bj W_dec,j − r_b ‖²
///
/// The decoder norm of the comparison cancels as in `Select` and has no gradient. Gradients are added to those
/// that are there. Cost 8·B·n·D FLOP. Tolerance 1e-5 of the largest gradient.
module AuxK =
    /// The number of latents of one sample that take part.
    let count dim dead = min (dim / 2) dead

    /// The loss's weight.
    let weight (coefficient: float) dim dead =
        coefficient * min (float dead / float (dim / 2)) 1.0
