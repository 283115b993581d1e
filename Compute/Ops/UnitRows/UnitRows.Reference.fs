namespace SynthSae.Compute.Ops

open SynthSae.Compute

module UnitRowsReference =
    let private dot (a: Matrix) (b: Matrix) row =
        Seq.sumBy (fun d -> float a[row, d] * float b[row, d]) (seq { 0 .. a.Cols - 1 })

    /// Take from each gradient row its part along the row of `rows`.
    let project (rows: Matrix) (gradient: Matrix) =
        for j in 0 .. rows.Rows - 1 do
            let square = dot rows rows j
            let along = if square > 0.0 then dot rows gradient j / square else 0.0

            for d in 0 .. rows.Cols - 1 do
                gradient[j, d] <- float32 (float gradient[j, d] - along * float rows[j, d])

    /// Scale each row to norm 1.
    let normalise (rows: Matrix) =
        for j in 0 .. rows.Rows - 1 do
            let norm = sqrt (dot rows rows j)

            if norm > float UnitRows.SmallestNorm then
                for d in 0 .. rows.Cols - 1 do
                    rows[j, d] <- float32 (float rows[j, d] / norm)
