namespace SynthSae.Compute.Training

open SynthSae.Compute

/// The variance of activations summed over the D coordinates, which squared errors are compared with:
/// R² = 1 − mse / variance.
module TotalVariance =
    /// mean ‖x‖² − ‖mean x‖² of a batch x (B, D), B ≥ 1.
    let ofBatch (x: Matrix) : float =
        let sum = Matrix(1, x.Cols)
        let mutable squares = 0.0

        for row in 0 .. x.Rows - 1 do
            Simd.addScaled 1.0f (x.RowPtr row) sum.Ptr x.Cols
            squares <- squares + float (Simd.dot (x.RowPtr row) (x.RowPtr row) x.Cols)

        let count = float x.Rows
        squares / count - Rows.squaredNormAt sum 0 / (count * count)
