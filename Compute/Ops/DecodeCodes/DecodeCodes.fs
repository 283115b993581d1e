namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// x (B, D) = codes (B, W) · rows (W, D) + bias (D).
///
/// Cost 2·nnz·D FLOP and 4·nnz·D bytes of rows read. Each element of x is one chain of fused
/// multiply-adds that starts at the bias and takes the entries in order, so its bits do not depend on
/// threads or SIMD width. Tolerance against the reference: |Δ| ≤ 2·n·ε·(|bias| + Σ|c·v|) for n entries,
/// ε = 2⁻²⁴.
module DecodeCodes =
    /// Raises unless the shapes fit.
    let check (codes: Codes) (rows: Matrix) (bias: float32[]) (x: Matrix) =
        if
            codes.Width <> rows.Rows
            || bias.Length <> rows.Cols
            || x.Cols <> rows.Cols
            || x.Rows <> codes.Rows
        then
            invalidArg
                (nameof x)
                $"({codes.Rows}, {codes.Width}) codes, ({rows.Rows}, {rows.Cols}) rows and a bias of {bias.Length} do not make ({x.Rows}, {x.Cols})"
