namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// pre (B, L) = x' (B, D) · W_enc (D, L) + b_enc (L), where x' = x − b_dec if the SAE subtracts its decoder
/// bias, else x (reference: `TrainingSAE.process_sae_in`, `encode`).
///
/// In training x' and W_enc may be rounded first (`Precision`, `Rounding`), each number once, to the same bits on
/// every backend; the sums are float32 all the same, and so is b_enc. Whoever scores or uses an SAE encodes in float32.
///
/// Cost 2·B·D·L FLOP: the only dense product of a training step. Tolerance as `Gemm`, of the rounded numbers.
module Encode =
    /// Raises when the shapes do not fit.
    let check (sae: Sae) (x: Matrix) (pre: Matrix) =
        if x.Cols <> sae.Dim || pre.Cols <> sae.Latents || pre.Rows <> x.Rows then
            invalidArg
                (nameof pre)
                $"({x.Rows}, {x.Cols}) is not encoded by ({sae.Latents}, {sae.Dim}) into ({pre.Rows}, {pre.Cols})"
