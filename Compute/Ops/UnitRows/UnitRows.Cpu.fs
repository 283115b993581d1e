namespace SynthSae.Compute.Ops

open SynthSae.Compute

module UnitRowsCpu =
    [<Literal>]
    let private Grain = 64

    /// Take from each gradient row its part along the row of `rows`.
    let project threads (rows: Matrix) (gradient: Matrix) =
        Threads.ranges threads rows.Rows Grain (fun _ first last ->
            for j in first .. last - 1 do
                let row, slope = rows.RowPtr j, gradient.RowPtr j
                let square = Simd.dot row row rows.Cols

                if square > 0.0f then
                    Simd.addScaled (-(Simd.dot row slope rows.Cols) / square) row slope rows.Cols)

    /// Scale each row to norm 1.
    let normalise threads (rows: Matrix) =
        Threads.ranges threads rows.Rows Grain (fun _ first last ->
            for j in first .. last - 1 do
                let row = rows.RowPtr j
                let norm = Simd.norm row rows.Cols

                if norm > UnitRows.SmallestNorm then
                    Simd.combine (1.0f / norm) row 0.0f row row rows.Cols)
