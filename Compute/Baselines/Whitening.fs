namespace SynthSae.Compute.Baselines

open MathNet.Numerics.LinearAlgebra
open SynthSae.Compute

/// Mean μ and covariance Σ of activations, in the form in which they are divided by.
type Whitening =
    {
        /// μ (D).
        Mean: float32[]
        /// C⁻¹ (D, D) for Σ = C·Cᵀ, lower triangular: C⁻¹(x − μ) has the identity for its covariance.
        Inverse: Matrix
    }

module Whitening =
    [<Literal>]
    let private Batch = 1024

    /// Added to the diagonal of Σ as a share of its mean: activations may not fill all dimensions.
    [<Literal>]
    let private Ridge = 1e-5

    /// Σ x (D) and Σ x xᵀ (D, D).
    let private sums (sampler: Sampler) stream (first: int64) samples =
        let dim = sampler.World.HiddenDim
        let sum: float[] = Array.zeroCreate dim
        let squares: float[] = Array.zeroCreate (dim * dim)
        let product = Matrix(dim, dim)
        let codes = Codes sampler.World.NumFeatures
        let mutable x = Matrix(0, dim)

        for start in 0..Batch .. samples - 1 do
            if x.Rows <> min Batch (samples - start) then
                x <- Matrix(min Batch (samples - start), dim)

            sampler.Sample(stream, first + int64 start, codes, x)
            Products.multiply sampler.Backend true x false x product
            let elements = product.Span

            for i in 0 .. squares.Length - 1 do
                squares[i] <- squares[i] + float elements[i]

            for row in 0 .. x.Rows - 1 do
                let values = x.Row row

                for d in 0 .. dim - 1 do
                    sum[d] <- sum[d] + float values[d]

        sum, squares

    /// Σ with its ridge.
    let private covariance samples (sum: float[]) (squares: float[]) =
        let dim = sum.Length
        let count = float samples

        let plain =
            Matrix<float>
                .Build.Dense(
                    dim,
                    dim,
                    fun i j ->
                        (squares[i * dim + j] + squares[j * dim + i]) / (2.0 * count)
                        - sum[i] / count * (sum[j] / count)
                )

        let ridge = max 1e-12 (Ridge * plain.Trace() / float dim)
        plain + Matrix<float>.Build.DiagonalIdentity dim * ridge

    /// The inverse of a lower triangular matrix, row by row.
    let private invert (lower: Matrix<float>) : SynthSae.Compute.Matrix =
        let dim = lower.RowCount
        let inverse = Array.init dim (fun _ -> (Array.zeroCreate dim: float[]))

        for i in 0 .. dim - 1 do
            let row = inverse[i]
            row[i] <- 1.0

            for k in 0 .. i - 1 do
                let factor = lower[i, k]
                let above = inverse[k]

                for j in 0..k do
                    row[j] <- row[j] - factor * above[j]

            for j in 0..i do
                row[j] <- row[j] / lower[i, i]

        Matrix.init dim dim (fun i j -> float32 (inverse[i][j]))

    /// From samples first … first+samples−1 of a stream.
    let estimate (sampler: Sampler) stream first samples : Whitening =
        let sum, squares = sums sampler stream first samples
        let factor = (covariance samples sum squares).Cholesky().Factor

        { Mean = sum |> Array.map (fun total -> float32 (total / float samples))
          Inverse = invert factor }

    /// C⁻¹ times each row of `rows` (R, D).
    let apply backend (whitening: Whitening) (rows: Matrix) : Matrix =
        let whitened = Matrix(rows.Rows, rows.Cols)
        Products.multiply backend false rows true whitening.Inverse whitened
        whitened

    /// Directions along white coordinates as directions along x: u ↦ C⁻ᵀu for each row.
    let unapply backend (whitening: Whitening) (rows: Matrix) : Matrix =
        let directions = Matrix(rows.Rows, rows.Cols)
        Products.multiply backend false rows false whitening.Inverse directions
        directions
