namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Leave-one-out pruning (B. Bussmann): how much of a latent is left of x once all *other* latents of the
/// sample are taken away, and dropping the latents of which too little is left.
///
/// The score of an entry (b, j) with code a, decoder row w_j and n_j = max(‖w_j‖, 1e-8) is
///
///   z = (x_b − x̂_b)·w_j / n_j + a·n_j        x̂ = codes · W_dec + b_dec
///
/// the projection of x_b − (x̂_b − a·w_j) on the latent's direction: an amplitude in units of x, for every
/// architecture, because codes hold what multiplies the decoder row (see `Select`). A negative code writes −w_j,
/// and its score is the projection on −w_j. An entry stays if z > threshold; all are judged at once against the
/// same x̂, and values stay as they are.
///
/// Scores cost 4·nnz·D FLOP, about K/L of the encoder. Tolerance against the reference:
/// |Δ| ≤ 4·(n + D)·ε·(‖x_b‖ + ‖b_dec‖ + Σ|a|·n_j) for n entries of the sample, ε = 2⁻²⁴. Equal scores give equal
/// codes on every backend.
module Prune =
    /// n_j (L), summed in double.
    let norms (decoder: Matrix) : float32[] =
        Array.init decoder.Rows (fun latent ->
            float32 (max (sqrt (Rows.squaredNormAt decoder latent)) Rows.SmallestNorm))

    /// z of one entry, from the residual's projection (x − x̂)·w_j.
    let inline score (projection: float) (value: float32) (norm: float32) : float32 =
        let along = if value < 0.0f then -projection else projection
        float32 (along / float norm + float (abs value) * float norm)

    /// Raises unless the shapes fit.
    let check
        (x: Matrix)
        (codes: Codes)
        (decoder: Matrix)
        (bias: float32[])
        (norms: float32[])
        (scores: float32[])
        =
        if
            codes.Width <> decoder.Rows
            || norms.Length <> decoder.Rows
            || bias.Length <> decoder.Cols
            || x.Cols <> decoder.Cols
            || x.Rows <> codes.Rows
            || scores.Length < codes.Count
        then
            invalidArg
                (nameof scores)
                $"({x.Rows}, {x.Cols}) samples, ({codes.Rows}, {codes.Width}) codes with {codes.Count} entries, ({decoder.Rows}, {decoder.Cols}) rows, {norms.Length} norms and a bias of {bias.Length} do not make {scores.Length} scores"
