namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// A matrix of weights ≥ 0 (R, N), R ≤ N, known by the best entries of each row and by a way to get
/// whole rows when those do not suffice.
type Weights =
    {
        /// A prefix of each row sorted by descending weight, at least one entry if N > 0.
        Candidates: Candidates
        /// Whole rows (selected, N).
        Rows: int[] -> Matrix
    }

/// A matching of every row with a column of its own, and the prices that prove that none is heavier:
/// u_r + v_c ≥ w_rc everywhere, v ≥ 0, and Σu + Σv is the matching's weight.
type Assignment =
    {
        /// (R): the column of each row.
        Column: int[]
        /// The sum of the matched weights.
        Total: float
        /// u (R).
        RowPrice: float[]
        /// v (N), 0 for columns without a row.
        ColumnPrice: float[]
    }

/// The heaviest assignment of R rows to R of N ≥ R columns (linear sum assignment; the reference minimises
/// 1 − |cos| with scipy, which is the same). All sums are in double, so the result is the optimum of
/// the given float32 weights; among equally heavy matchings any may be returned.
///
/// Dense cost O(R²·N); with lists about R·(entries looked at), and the unlisted entries are covered by
/// keeping u_r at or above the last listed weight of row r, so the optimum is that of the whole matrix.
module Assign =
    /// A matrix that is held whole, by lists of `count` entries.
    let weightsOf count (matrix: Matrix) =
        { Candidates = Candidates.ofMatrix count matrix
          Rows =
            fun rows ->
                Matrix.init rows.Length matrix.Cols (fun row column -> matrix[rows[row], column]) }

    /// Raises when some row would stay without a column.
    let check (weights: Weights) =
        let { Rows = rows; Cols = cols } = weights.Candidates

        if rows > cols then
            invalidArg (nameof weights) $"{rows} rows do not find a column each among {cols}"

    /// The distance between the matching's weight and its bound: 0 but for rounding at the optimum.
    let gap (assignment: Assignment) =
        Array.sum assignment.RowPrice + Array.sum assignment.ColumnPrice - assignment.Total

    /// The largest breach of u + v ≥ w over a whole matrix, at most 0 but for rounding at the optimum.
    let breach (matrix: Matrix) (assignment: Assignment) =
        let mutable worst = -infinity

        for row in 0 .. matrix.Rows - 1 do
            for column in 0 .. matrix.Cols - 1 do
                let price = assignment.RowPrice[row] + assignment.ColumnPrice[column]
                worst <- max worst (float matrix[row, column] - price)

        worst
