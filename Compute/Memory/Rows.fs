namespace SynthSae.Compute

open System
open System.Runtime.Intrinsics

/// What is done to every row of a matrix.
module Rows =
    /// Rows that a worker takes at a time.
    [<Literal>]
    let private Grain = 64

    /// A norm is taken to be at least this when a row is divided by it.
    [<Literal>]
    let SmallestNorm = 1e-8

    /// |row|², summed in double lanes that are added in one fixed order.
    let squaredNorm (row: ReadOnlySpan<float32>) : float =
        let mutable low = Vector512<float>.Zero
        let mutable high = Vector512<float>.Zero
        let mutable i = 0

        while i + Simd.Lanes <= row.Length do
            let struct (a, b) =
                Vector512.Widen(Vector512.Create<float32>(values = row.Slice(i, Simd.Lanes)))

            low <- Vector512.FusedMultiplyAdd(a, a, low)
            high <- Vector512.FusedMultiplyAdd(b, b, high)
            i <- i + Simd.Lanes

        let mutable sum = Simd.sumDoubleLanes (low + high)

        while i < row.Length do
            sum <- sum + float row[i] * float row[i]
            i <- i + 1

        sum

    /// |row|² of one row of a matrix.
    let squaredNormAt (matrix: Matrix) (row: int) =
        squaredNorm (Span<float32>.op_Implicit(matrix.Row row))

    /// Some rows of a matrix, as a matrix of their own.
    let gather (matrix: Matrix) (rows: int[]) =
        let gathered = Matrix(rows.Length, matrix.Cols)

        for i in 0 .. rows.Length - 1 do
            matrix.Row(rows[i]).CopyTo(gathered.Row i)

        gathered

    /// Multiply a row by a number.
    let scale (row: Span<float32>) (factor: float) =
        for i in 0 .. row.Length - 1 do
            row[i] <- float32 (float row[i] * factor)

    /// Give a row the norm `length`; a row of (nearly) zeros stays as it is.
    let normaliseTo (length: float) (row: Span<float32>) =
        let norm = Math.Sqrt(squaredNorm (Span<float32>.op_Implicit row))
        scale row (length / max norm SmallestNorm)

    /// Give every row norm 1, in place.
    let normalise (threads: int) (matrix: Matrix) =
        Threads.ranges threads matrix.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                normaliseTo 1.0 (matrix.Row row))
