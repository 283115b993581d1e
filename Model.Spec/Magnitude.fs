namespace SynthSae.Spec

/// A vector with one entry per feature: the mean, or the standard deviation, of the magnitude
/// with which a feature fires (reference: `mean_firing_magnitudes`, `std_firing_magnitudes`).
[<RequireQualifiedAccess>]
type Magnitude =
    /// The same value for every feature.
    | Constant of value: float
    /// From `start` (feature 0) to `end` (feature N−1) in equal steps.
    | Linear of start: float * end': float
    /// From `start` to `end` in equal ratios.
    | Exponential of start: float * end': float
    /// |mean + std·z| with z normal, clamped to [min, max] where given.
    | FoldedNormal of mean: float * std: float * min: float option * max: float option
    /// One value for each feature.
    | Explicit of values: float array
