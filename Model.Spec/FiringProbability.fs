namespace SynthSae.Spec

/// The base firing probability p_i of each feature, i = 0 … N−1 (reference: `FiringProbabilityConfig`).
[<RequireQualifiedAccess>]
type FiringProbability =
    /// 1/(i+1)^exponent, rescaled affinely onto [minProb, maxProb] (not clamped).
    | Zipfian of exponent: float * maxProb: float * minProb: float
    /// Evenly spaced from `max` (feature 0) down to `min` (feature N−1).
    | Linear of max: float * min: float
    /// Uniform in [min, max), drawn with the model's seed.
    | Random of max: float * min: float
    /// The same probability for every feature.
    | Constant of probability: float
    /// One probability for each feature.
    | Explicit of probabilities: float array
