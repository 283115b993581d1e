namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// The loss that draws dead latents of a JumpReLU SAE towards their thresholds (Conerly et al. 2025; reference:
/// `pre_act_loss`): c · mean_b Σ over dead j of relu(θ_j − pre_bj) ‖W_dec,j‖. Gradients are added to those of the encoder,
/// its bias and the thresholds, slopes by decoder norms to `byNorm` (L).
/// Cost 2·B·n·D FLOP for n dead latents. Tolerance 1e-5 of the largest gradient.
module PreActLoss =
    /// Raises unless there is a threshold for each latent.
    let check (sae: Sae) (theta: float32[]) (byNorm: float32[]) =
        if theta.Length <> sae.Latents || byNorm.Length <> sae.Latents then
            invalidArg (nameof theta) $"{theta.Length} thresholds do not fit {sae.Latents} latents"
