namespace SynthSae.Compute

/// The input of an encoder that corrects itself (`Refinement`).
module Refine =
    /// x' + η·(x' − reconstruction), written over the reconstruction (both (B, D), without b_dec). Since the
    /// encoder is linear, its pre-activations are pre + η·r W_enc.
    let input (eta: float) (centred: Matrix) (reconstruction: Matrix) =
        let whole, part = float32 (1.0 + eta), float32 -eta

        for row in 0 .. centred.Rows - 1 do
            let target = reconstruction.RowPtr row
            Simd.combine whole (centred.RowPtr row) part target target centred.Cols
