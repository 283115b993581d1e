namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Pre-activations (B, L) to latents: which entries stay, as `Codes` with the value pre.
///
/// TopK and BatchTopK compare pre·‖W_dec,j‖ when the SAE rescales. The norm cancels in the decoder, so codes
/// always hold `pre` and x̂ = codes · W_dec + b_dec; the reference's latent f is pre·‖W_dec,j‖.
/// Ties: the larger compared value first, then the lower position b·L + j. Only values > 0 stay, and with AbsTopK,
/// which compares absolute values, those that are not 0. A gated SAE's codes hold magnitudes instead of pre.
/// Equal inputs give equal codes on every backend.
module Select =
    /// Norms of the rows of a matrix.
    let rowNorms (matrix: Matrix) : float32[] =
        Array.init matrix.Rows (fun j -> Simd.norm (matrix.RowPtr j) matrix.Cols)

    /// ‖W_dec,j‖ (L), as values are compared by.
    let norms (sae: Sae) : float32[] = rowNorms sae.Decoder

    /// The factors (L) that compared values carry: ‖W_dec,j‖, or empty for none.
    let scale (sae: Sae) : float32[] =
        if sae.Activation.Rescales then norms sae else [||]

    /// How many values BatchTopK keeps in a batch: int(k·B), at most all.
    let batchCount (k: float) rows latents =
        int (min (k * float rows) (float rows * float latents))

    /// The compared value of entry (row, latent).
    let inline compared (scale: float32[]) (pre: Matrix) row latent =
        if scale.Length = 0 then pre[row, latent] else pre[row, latent] * scale[latent]

    /// What an activation ranks a compared value by.
    let size (activation: Activation) (value: float32) =
        match activation with
        | Activation.AbsTopK _ -> abs value
        | _ -> value

    /// From the gates that are open, pre > 0, to relu(exp(r_mag)·(pre − b_enc) + b_mag), in place; zeros go.
    let magnitudes (sae: Sae) (scale: float32[]) (bias: float32[]) (codes: Codes) =
        let factors = scale |> Array.map System.MathF.Exp
        let mutable next = 0

        for row in 0 .. codes.Rows - 1 do
            let first = codes.RowStart[row]
            codes.RowStart[row] <- next

            for entry in first .. codes.RowStart[row + 1] - 1 do
                let j = codes.Index[entry]
                let magnitude = factors[j] * (codes.Value[entry] - sae.EncoderBias[j]) + bias[j]

                if magnitude > 0.0f then
                    codes.Index[next] <- j
                    codes.Value[next] <- magnitude
                    next <- next + 1

        codes.RowStart[codes.Rows] <- next
