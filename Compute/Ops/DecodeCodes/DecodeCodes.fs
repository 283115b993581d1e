namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// x (B, D) = codes (B, W) · rows (W, D) + bias (D): true features into activations (rows = V), or latents into a
/// reconstruction (rows = W_dec). The sum starts from the bias and takes the entries by ascending index, one
/// fused multiply-add each, so its bits are the same on every machine and for any number of threads.
///
/// Cost 2·nnz·D FLOP; reads nnz rows. Tolerance against the reference 1e-6 of Σ|code·row|.
module DecodeCodes =
    /// Raises when the shapes do not fit.
    let check (codes: Codes) (rows: Matrix) (bias: float32[]) (x: Matrix) =
        if
            codes.Width <> rows.Rows
            || x.Cols <> rows.Cols
            || x.Rows <> codes.Rows
            || bias.Length <> rows.Cols
        then
            invalidArg
                (nameof x)
                $"({codes.Rows}, {codes.Width}) · ({rows.Rows}, {rows.Cols}) + ({bias.Length}) is not ({x.Rows}, {x.Cols})"
