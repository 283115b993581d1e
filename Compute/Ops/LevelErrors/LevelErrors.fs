namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Errors of nested reconstructions (reference: the inner losses of `matryoshka_batchtopk`). Latents belong to
/// levels 0 … M−1; level m reconstructs x from b_dec and the latents of the levels up to m:
///
///   e_m (B, D) = b_dec + Σ_{level(j) ≤ m} a_j W_dec,j − x
///
/// `run` writes e_m to rows m·B … (m+1)·B − 1 of `errors`, and their squared norms to `squares`. `gradients` turns
/// them into what the latents of each level see of the loss Σ_m λ_m ‖e_m‖², up to the factor 2/B:
///
///   nested     Σ_{n ≥ m} λ_n e_n
///   detached   λ_{M−1} e_{M−1} + λ_m e_m, and only the former for the last level: an inner level teaches none
///              but its own latents
///
/// One level is the ordinary error. Cost 2·nnz·D + 3·M·B·D FLOP; bits do not depend on threads.
/// Tolerance as `DecodeCodes`.
module LevelErrors =
    /// Number of levels.
    let count (errors: Matrix) (x: Matrix) = errors.Rows / max 1 x.Rows

    /// Raises unless the shapes fit.
    let check (codes: Codes) (level: int[]) (x: Matrix) (errors: Matrix) =
        if
            errors.Cols <> x.Cols
            || codes.Rows <> x.Rows
            || errors.Rows < x.Rows
            || (x.Rows > 0 && errors.Rows % x.Rows <> 0)
            || level.Length <> codes.Width
        then
            invalidArg
                (nameof errors)
                $"({errors.Rows}, {errors.Cols}) do not hold levels of ({x.Rows}, {x.Cols})"
