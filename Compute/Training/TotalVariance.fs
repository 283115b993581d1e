namespace SynthSae.Compute.Training

open SynthSae.Compute

/// The variance of activations summed over the D coordinates, which squared errors are compared with:
/// R² = 1 − mse / variance.
module TotalVariance =
    /// mean ‖x‖² − ‖mean x‖² of `count` rows of a matrix (·, D) from row `first` on, at least one.
    let ofRows (x: Matrix) (first: int) (count: int) : float =
        let sum = Matrix(1, x.Cols)
        let mutable squares = 0.0

        for row in first .. first + count - 1 do
            Simd.addScaled 1.0f (x.RowPtr row) sum.Ptr x.Cols
            squares <- squares + float (Simd.dot (x.RowPtr row) (x.RowPtr row) x.Cols)

        let count = float count
        squares / count - Rows.squaredNormAt sum 0 / (count * count)

    /// The same of a batch x (B, D), B ≥ 1.
    let ofBatch (x: Matrix) : float = ofRows x 0 x.Rows
