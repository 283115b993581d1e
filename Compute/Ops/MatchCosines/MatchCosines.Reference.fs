namespace SynthSae.Compute.Ops

open SynthSae.Compute

module MatchCosinesReference =
    /// |cos| (selected, N) of some rows with all others.
    let weights (rows: Matrix) (others: Matrix) (selected: int[]) =
        MatchCosines.check rows others 0 |> ignore

        Matrix.init selected.Length others.Rows (fun row other ->
            float32 (abs (MatchCosines.cosine rows selected[row] others other)))

    /// The `count` nearest others of each row.
    let nearest (rows: Matrix) (others: Matrix) count =
        let count = MatchCosines.check rows others count
        Candidates.ofMatrix count (weights rows others [| 0 .. rows.Rows - 1 |])
