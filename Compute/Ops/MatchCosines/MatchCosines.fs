namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

/// The C largest entries of every row of a matrix of weights ≥ 0 (Rows, Cols): row r holds elements
/// r·C … r·C+C−1 of `Index` and `Weight`, largest first, equal ones by ascending column.
type Candidates =
    {
        Rows: int
        Cols: int
        /// C, at most Cols.
        Count: int
        /// (Rows·C): columns.
        Index: int[]
        /// (Rows·C)
        Weight: float32[]
    }

module Candidates =
    /// Lists that any weight may enter.
    let empty rows cols count =
        { Rows = rows
          Cols = cols
          Count = count
          Index = Array.create (rows * count) -1
          Weight = Array.create (rows * count) -1.0f }

    /// The smallest weight of a row's list: only larger ones may still enter.
    let threshold (candidates: Candidates) row =
        candidates.Weight[row * candidates.Count + candidates.Count - 1]

    /// Put (column, weight) in its place when it is above the threshold; columns come in ascending order.
    let offer (candidates: Candidates) row column (weight: float32) =
        if weight > threshold candidates row then
            let first = row * candidates.Count
            let mutable place = first + candidates.Count - 1

            while place > first && candidates.Weight[place - 1] < weight do
                candidates.Weight[place] <- candidates.Weight[place - 1]
                candidates.Index[place] <- candidates.Index[place - 1]
                place <- place - 1

            candidates.Weight[place] <- weight
            candidates.Index[place] <- column

    /// The lists of a matrix of weights.
    let ofMatrix count (weights: Matrix) =
        let candidates = empty weights.Rows weights.Cols (min count weights.Cols)

        for row in 0 .. weights.Rows - 1 do
            for column in 0 .. weights.Cols - 1 do
                offer candidates row column weights[row, column]

        candidates

/// |cos| (R, N) between the rows r of `rows` (R, D) and o of `others` (N, D):
/// |r·o| / (max(‖r‖, 1e−8) · max(‖o‖, 1e−8)); a zero row has cosine 0 with everything.
/// `nearest` gives the `count` nearest others of each row, ties to the first, and `weights` the whole
/// cosines of some rows: identical bits in both, so that lists may be extended.
///
/// Cost 2·R·N·D FLOP. Tolerance against the reference: |Δ| ≤ 4·√D·2⁻²⁴, and lists may differ where
/// weights are as close as that.
module MatchCosines =
    /// The number of candidates that lists have room for; raises when the shapes do not fit.
    let checkSizes dim otherDim others (count: int) =
        if dim <> otherDim then
            invalidArg (nameof others) $"rows in R^{dim} and R^{otherDim} have no cosine"

        min count others

    /// `checkSizes` of matrices.
    let check (rows: Matrix) (others: Matrix) (count: int) =
        checkSizes rows.Cols others.Cols others.Rows count

    /// Σ a·b in double.
    let dot (a: ReadOnlySpan<float32>) (b: ReadOnlySpan<float32>) =
        let mutable sum = 0.0

        for i in 0 .. a.Length - 1 do
            sum <- sum + float a[i] * float b[i]

        sum

    /// The norm of a row whose square is known, at least `Rows.SmallestNorm` (reference: `clamp(min=1e-8)`). Raises
    /// `BadInput` for a row that is not finite.
    let normOf row (squared: float) =
        let norm = sqrt squared

        if not (Double.IsFinite norm) then
            raise (
                BadInput($"row {row}", "holds a number that is not finite, so it has no direction")
            )

        max norm Rows.SmallestNorm

    /// The norm of one row.
    let norm (matrix: Matrix) row =
        normOf row (Rows.squaredNormAt matrix row)

    /// The cosine of one row with one other, with its sign.
    let cosine (rows: Matrix) row (others: Matrix) other =
        let product = dot (Span.op_Implicit (rows.Row row)) (Span.op_Implicit (others.Row other))
        product / (norm rows row * norm others other)
