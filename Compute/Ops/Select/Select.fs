namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Pre-activations (B, L) to latents: which entries stay, as `Codes` with the value pre.
///
/// TopK and BatchTopK compare pre·‖W_dec,j‖ when the SAE rescales. The norm cancels in the decoder, so codes
/// always hold `pre` and x̂ = codes · W_dec + b_dec; the reference's latent f is pre·‖W_dec,j‖.
/// Ties: the larger compared value first, then the lower position b·L + j. Only values > 0 stay.
/// Equal inputs give equal codes on every backend.
module Select =
    /// ‖W_dec,j‖ (L), as values are compared by.
    let norms (sae: Sae) : float32[] =
        Array.init sae.Latents (fun j -> Simd.norm (sae.Decoder.RowPtr j) sae.Dim)

    /// The factors (L) that compared values carry: ‖W_dec,j‖, or empty for none.
    let scale (sae: Sae) : float32[] =
        if sae.Activation.Rescales then norms sae else [||]

    /// How many values BatchTopK keeps in a batch: int(k·B), at most all.
    let batchCount (k: float) rows latents =
        int (min (k * float rows) (float rows * float latents))

    /// The compared value of entry (row, latent).
    let inline compared (scale: float32[]) (pre: Matrix) row latent =
        if scale.Length = 0 then pre[row, latent] else pre[row, latent] * scale[latent]
