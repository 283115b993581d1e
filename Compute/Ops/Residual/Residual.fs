namespace SynthSae.Compute.Ops

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
