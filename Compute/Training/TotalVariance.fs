namespace SynthSae.Compute.Training

open SynthSae.Compute

/// The variance of activations summed over the D coordinates, which squared errors are compared with:
/// R² = 1 − mse / variance.
module TotalVariance =
    /// mean ‖x − mean x‖² over `count` rows of a matrix (·, D) from row `first` on, at least one: by the mean first,
    /// so that rows that are equal have none.
    let ofRows (x: Matrix) (first: int) (count: int) : float =
        let mean: float[] = Array.zeroCreate x.Cols
        let mutable squares = 0.0

        for row in first .. first + count - 1 do
            let values = x.Row row

            for col in 0 .. x.Cols - 1 do
                mean[col] <- mean[col] + float values[col] / float count

        for row in first .. first + count - 1 do
            let values = x.Row row

            for col in 0 .. x.Cols - 1 do
                let off = float values[col] - mean[col]
                squares <- squares + off * off

        squares / float count

    /// The same of a batch x (B, D), B ≥ 1.
    let ofBatch (x: Matrix) : float = ofRows x 0 x.Rows
