namespace SynthSae.Compute.Ops

open System

/// Push the rows d_i of V (N, D) apart: Adam on
/// L = Σ_{i≠j} (d_i·d_j)² + N Σ_i (|d_i|² − 1)², over ordered pairs (reference: `OrthogonalizationConfig`).
///
/// Rows are normalised at the start, free between steps, and normalised after the last step. With
/// M = VᵀV the gradient is ∂L/∂d_i = 4 (M d_i − |d_i|² d_i) + 4 N (|d_i|² − 1) d_i, so that a step costs
/// 4·N·D² FLOP instead of 4·N²·D. Memory beside V: three (N, D) arrays and one (D, D).
///
/// Tolerance against the reference: every row keeps a cosine of at least 1 − 1e-5, and every element
/// differs by at most 8 learning rates. (Adam's first steps go by the sign of the gradient; where the
/// gradient is as small as its rounding error an element goes the other way for a step.)
module Orthogonalise =
    /// Decay of Adam's mean of gradients.
    [<Literal>]
    let Beta1 = 0.9

    /// Decay of Adam's mean of squared gradients.
    [<Literal>]
    let Beta2 = 0.999

    /// Added to the root of the second moment.
    [<Literal>]
    let Epsilon = 1e-8

    /// Scale of the update, and of the root of the second moment, in step t = 1, 2, … (Adam's bias
    /// corrections): d ← d − rate · m / (scale · √v + ε).
    let corrections (lr: float) (t: int) : struct (float * float) =
        struct (lr / (1.0 - Math.Pow(Beta1, t)), 1.0 / Math.Sqrt(1.0 - Math.Pow(Beta2, t)))
