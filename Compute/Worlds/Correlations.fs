namespace SynthSae.Compute

open System
open MathNet.Numerics.LinearAlgebra
open SynthSae.Spec

/// The Gaussian factor model of correlated firing: g = F·ε + σ·η with unit variances.
module Correlations =
    /// A low-rank row leaves at least this much variance to the feature itself.
    [<Literal>]
    let SmallestResidual = 0.01

    /// A correlation matrix whose smallest eigenvalue lies below −`EigenvalueSlack` is repaired, and
    /// then every eigenvalue is at least `EigenvalueSlack`.
    [<Literal>]
    let EigenvalueSlack = 1e-6

    /// F (N, R) and σ (N).
    type Factors =
        {
            /// F (N, R).
            Factor: SynthSae.Compute.Matrix
            /// σ (N) = √(1 − |F_i|²).
            ResidualSd: float32[]
            /// Rows of F that were scaled down to leave a residual variance of 0.01.
            Capped: int
        }

    /// No correlation: R = 0, σ = 1.
    let independent numFeatures : Factors =
        { Factor = Matrix.zeros numFeatures 0
          ResidualSd = Array.create numFeatures 1.0f
          Capped = 0 }

    /// σ of given factor rows: √(1 − |F_i|²), at least 0.
    let residualSd (factor: SynthSae.Compute.Matrix) =
        Array.init factor.Rows (fun row ->
            float32 (Math.Sqrt(max 0.0 (1.0 - Rows.squaredNormAt factor row))))

    /// F = scale · normal; only rows that leave less than 0.01 to the feature itself are scaled down.
    let lowRank (seed: uint64) numFeatures rank (scale: float) : Factors =
        let factor = Matrix.zeros numFeatures rank
        let mutable capped = 0

        for row in 0 .. numFeatures - 1 do
            let values = factor.Row row
            Draw.normals seed Stream.Training Purpose.CorrelationFactor (int64 row) values
            Rows.scale values scale
            let norm2 = Rows.squaredNormAt factor row

            if 1.0 - norm2 < SmallestResidual then
                Rows.scale values (Math.Sqrt((1.0 - SmallestResidual) / norm2))
                capped <- capped + 1

        { Factor = factor
          ResidualSd = residualSd factor
          Capped = capped }

    /// A random symmetric matrix (N, N) with unit diagonal, before any repair.
    let randomMatrix (seed: uint64) numFeatures (shape: RandomCorrelation) =
        let seed = shape.Seed |> Option.fold (fun _ own -> uint64 own) seed
        let matrix = Matrix<float>.Build.DenseIdentity numFeatures

        for row in 0 .. numFeatures - 2 do
            let uniform index =
                Draw.uniform seed Stream.Training Purpose.CorrelationMatrix (int64 row) index

            for col in row + 1 .. numFeatures - 1 do
                if uniform (3 * col) >= shape.UncorrelatedRatio then
                    let spread = shape.MaxStrength - shape.MinStrength
                    let strength = shape.MinStrength + spread * uniform (3 * col + 2)

                    let rho =
                        if uniform (3 * col + 1) < shape.PositiveRatio then strength else -strength

                    matrix[row, col] <- rho
                    matrix[col, row] <- rho

        matrix

    /// The matrix itself when no eigenvalue lies below −1e-6; else the nearby one with eigenvalues
    /// raised to 1e-6 and a unit diagonal again (reference: PSD repair). Not iterated.
    let repair (matrix: Matrix<float>) =
        let eigen = matrix.Evd Symmetricity.Symmetric
        let values = eigen.EigenValues.Real()

        if values.Minimum() >= -EigenvalueSlack then
            matrix
        else
            let raised = values.PointwiseMaximum EigenvalueSlack
            let vectors = eigen.EigenVectors
            let rebuilt = vectors * Matrix<float>.Build.DenseOfDiagonalVector raised
            let rebuilt = rebuilt.TransposeAndMultiply vectors
            let sd = rebuilt.Diagonal().PointwiseMaximum(1e-8).PointwiseSqrt()

            Matrix<float>
                .Build.Dense(
                    matrix.RowCount,
                    matrix.ColumnCount,
                    fun row col ->
                        if row = col then
                            1.0
                        else
                            let symmetric = 0.5 * (rebuilt[row, col] + rebuilt[col, row])
                            symmetric / (sd[row] * sd[col])
                )

    /// F is the Cholesky factor (N, N) of the matrix, σ = 0. Raises `BadInput` when there is none.
    let full (matrix: Matrix<float>) : Factors =
        let lower =
            try
                matrix.Cholesky().Factor
            with :? ArgumentException ->
                raise (BadInput("correlation", "the matrix is not positive definite"))

        { Factor =
            Matrix.init matrix.RowCount matrix.RowCount (fun row col -> float32 lower[row, col])
          ResidualSd = Array.zeroCreate matrix.RowCount
          Capped = 0 }

    /// The factors of a specification.
    let compile (seed: uint64) (numFeatures: int) (correlation: Correlation) : Factors =
        match correlation with
        | Correlation.Independent -> independent numFeatures
        | Correlation.LowRank(rank, scale) -> lowRank seed numFeatures rank scale
        | Correlation.RandomMatrix shape -> full (repair (randomMatrix seed numFeatures shape))
        | Correlation.Matrix rows -> full (Matrix<float>.Build.DenseOfRowArrays rows)
