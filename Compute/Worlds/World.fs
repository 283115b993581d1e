namespace SynthSae.Compute

open SynthSae.Spec

/// A compiled synthetic model: everything that sampling needs, as arrays.
/// Feature i fires iff F_i·ε + σ_i·η > τ_i with ε ~ N(0, I_R) per sample and η ~ N(0, 1) per draw
/// (a Gaussian copula; R = 0 is independent firing, R = N with σ = 0 a full correlation matrix).
type World =
    {
        /// What was compiled.
        Spec: SyntheticModelSpec
        /// V (N, D): unit feature directions.
        Dictionary: Matrix
        /// (D).
        Bias: float32[]
        /// (N): firing probabilities of the spec.
        BaseProbability: float32[]
        /// (N): the same after compensation for the hierarchy, at most 1.
        Probability: float32[]
        /// τ (N) = Φ⁻¹(1 − probability).
        Threshold: float32[]
        /// F (N, R).
        Factor: Matrix
        /// σ (N) = √(1 − |F_i|²).
        ResidualSd: float32[]
        /// (N).
        MeanMagnitude: float32[]
        /// (N).
        StdMagnitude: float32[]
        Forest: Forest
        /// Key of the sample streams.
        Seed: uint64
        /// What the reader should know: rows capped, probabilities clamped.
        Warnings: string list
    }

    /// N.
    member world.NumFeatures = world.Dictionary.Rows

    /// D.
    member world.HiddenDim = world.Dictionary.Cols

    /// R.
    member world.Rank = world.Factor.Cols
