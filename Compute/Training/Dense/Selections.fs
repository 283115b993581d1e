namespace SynthSae.Compute.Training

/// Which entries of a matrix are kept. The larger value is preferred; among equal values the lower latent of a
/// row, the lower flat index b·L + j of a batch.
module Selections =
    /// The positions of the `count` largest values, ties to the lower position.
    let private largest count (values: float[]) =
        values
        |> Array.indexed
        |> Array.sortBy (fun (position, value) -> -value, position)
        |> Array.truncate count
        |> Array.map fst

    /// The `count` largest of each row (B, L) among the latents that are `allowed`.
    let ofRows count (allowed: int -> bool) (values: float[,]) : bool[,] =
        let columns = Array.filter allowed [| 0 .. Array2D.length2 values - 1 |]
        let kept = Array2D.map (fun _ -> false) values

        for row in 0 .. Array2D.length1 values - 1 do
            for position in largest count (columns |> Array.map (fun j -> values[row, j])) do
                kept[row, columns[position]] <- true

        kept

    /// The int(k·B) largest of the whole batch (B, L).
    let ofBatch (k: float) (values: float[,]) : bool[,] =
        let width = Array2D.length2 values
        let count = int (k * float (Array2D.length1 values))
        let kept = Array2D.map (fun _ -> false) values

        for flat in largest count (values |> Seq.cast<float> |> Seq.toArray) do
            kept[flat / width, flat % width] <- true

        kept
