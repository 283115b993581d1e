namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// The entries that a JumpReLU batch learns from: those that fire, pre > θ_j, and those within half a bandwidth of
/// their threshold, |(pre − θ_j)/bandwidth| < 1/2. Codes hold pre where an entry fires and 0 elsewhere; `near` says by
/// entry whether it lies in the rectangle (1 or 0). Thresholds are at least 0. Equal inputs give equal entries on every
/// backend.
module NearThreshold =
    /// Whether a pre-activation lies in the rectangle around its threshold.
    let inline isNear (bandwidth: float32) (pre: float32) (threshold: float32) =
        abs ((pre - threshold) / bandwidth) < 0.5f

    /// Whether an entry is one of them.
    let inline counts bandwidth (pre: float32) (threshold: float32) =
        pre > threshold || isNear bandwidth pre threshold
