namespace SynthSae.Compute

open System
open SynthSae.Compute.Ops

/// How strongly the latent Gaussians of different features are correlated.
type CorrelationStatistics =
    {
        /// N.
        NumFeatures: int
        /// Root mean square of ρ_ij over i ≠ j.
        Rms: float
        /// Mean of ρ_ij over i ≠ j, with sign.
        Mean: float
    }

module CorrelationStatistics =
    let private ofSums n squares values =
        let pairs = float n * float (n - 1)
        let perPair sum = if n < 2 then 0.0 else sum / pairs

        { NumFeatures = n
          Rms = Math.Sqrt(max 0.0 (perPair squares))
          Mean = perPair values }

    let private gram backend (factor: Matrix) =
        let result = Matrix.zeros factor.Cols factor.Cols

        if result.Length > 0 then
            match Backend.hostThreads backend with
            | None -> GemmReference.multiply true factor false factor result
            | Some threads -> GemmCpu.multiply threads true factor false factor result

        result

    /// Of ρ_ij = F_i·F_j for a factor F (N, R), in R×R:
    /// Σ_{i≠j} ρ² = ‖FᵀF‖² − Σ|F_i|⁴ and Σ_{i≠j} ρ = |Σ F_i|² − Σ|F_i|².
    let ofFactor (backend: Backend) (factor: Matrix) : CorrelationStatistics =
        let total = Array.zeroCreate<float> factor.Cols
        let mutable norms = 0.0
        let mutable fourth = 0.0

        for row in 0 .. factor.Rows - 1 do
            let norm2 = Rows.squaredNormAt factor row
            norms <- norms + norm2
            fourth <- fourth + norm2 * norm2

            for k in 0 .. factor.Cols - 1 do
                total[k] <- total[k] + float factor[row, k]

        let squares = Rows.squaredNorm (Span<float32>.op_Implicit (gram backend factor).Span)
        let sum = total |> Array.sumBy (fun x -> x * x)
        ofSums factor.Rows (squares - fourth) (sum - norms)

    /// Of a correlation matrix (N, N), row by row.
    let ofMatrix (matrix: float[][]) : CorrelationStatistics =
        let mutable squares = 0.0
        let mutable values = 0.0

        for row in 0 .. matrix.Length - 1 do
            for col in 0 .. matrix.Length - 1 do
                if row <> col then
                    squares <- squares + matrix[row][col] * matrix[row][col]
                    values <- values + matrix[row][col]

        ofSums matrix.Length squares values
