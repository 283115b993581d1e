namespace SynthSae.Compute.Ops

/// Decoder rows of norm 1. `project` takes from each gradient row its part along the row, g ← g − (g·w/‖w‖²)w,
/// which Adam would turn into a change of norm; `normalise` scales each row w to norm 1 after a step. A row of
/// zeros stays as it is. Cost 4·L·D FLOP each. Tolerance 1e-6 of the row's norm.
module UnitRows =
    /// The smallest norm of a row that is scaled.
    [<Literal>]
    let SmallestNorm = 1e-20f
