namespace SynthSae.Spec

/// How the firing of features is correlated: a Gaussian copula, feature i fires iff g_i > τ_i.
[<RequireQualifiedAccess>]
type Correlation =
    /// Independent firing.
    | Independent
    /// g = F·ε + √δ·η with F (N, rank) = scale·normal (reference: `LowRankCorrelationConfig`).
    | LowRank of rank: int * scale: float
    /// A random sparse correlation matrix, repaired to be positive definite
    /// (reference: `generate_random_correlation_matrix`).
    | RandomMatrix of RandomCorrelation
    /// A given correlation matrix (N, N): symmetric, unit diagonal, positive definite.
    | Matrix of float array array

/// Parameters of a random correlation matrix.
and RandomCorrelation =
    {
        /// Share of the correlated pairs that are positive, in [0, 1].
        PositiveRatio: float
        /// Share of pairs without correlation, in [0, 1].
        UncorrelatedRatio: float
        /// Smallest |ρ| of a correlated pair before the repair, at least 0.
        MinStrength: float
        /// Largest |ρ| of a correlated pair before the repair, at most 1.
        MaxStrength: float
        /// Seed of the matrix; `None` takes it from the model's seed.
        Seed: int64 option
    }
