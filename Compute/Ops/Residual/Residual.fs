namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// The reconstruction error e (B, D) = x̂ − x, written over x̂, and its squared norm per sample (B).
/// The loss `mse` is the mean over samples of Σ_d e² (reference: `mse_loss`), its gradient with respect to x̂
/// is (2/B)·e.
module Residual =
    /// Mean over the batch of the squared norms.
    let meanSquare (squares: float[]) rows =
        let mutable sum = 0.0

        for row in 0 .. rows - 1 do
            sum <- sum + squares[row]

        sum / float rows

module ResidualReference =
    /// x̂ ← x̂ − x; squares[b] = Σ_d e².
    let run (x: Matrix) (reconstruction: Matrix) (squares: float[]) =
        for row in 0 .. x.Rows - 1 do
            let mutable sum = 0.0

            for col in 0 .. x.Cols - 1 do
                let error = reconstruction[row, col] - x[row, col]
                reconstruction[row, col] <- error
                sum <- sum + float error * float error

            squares[row] <- sum

module ResidualCpu =
    /// x̂ ← x̂ − x; squares[b] = Σ_d e².
    let run threads (x: Matrix) (reconstruction: Matrix) (squares: float[]) =
        Threads.ranges threads x.Rows 32 (fun _ first last ->
            for row in first .. last - 1 do
                let error = reconstruction.RowPtr row
                Simd.subtract error (x.RowPtr row) error x.Cols
                squares[row] <- float (Simd.dot error error x.Cols))
