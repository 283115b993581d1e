namespace SynthSae.Compute

open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// Every |cos| of the decoder rows with the features, summed up: which latent is nearest to each feature, and a small
/// picture of the whole matrix.
type CosineMap =
    {
        /// (N): the latent with the largest |cos|, the first among equals.
        NearestLatent: int[]
        /// At most `CosineMap.MostCells` rows of latents by as many columns of features: the largest |cos| of each cell.
        Cells: Matrix
    }

module internal Cells =
    /// The cell that each item falls in: places 0 … count−1 of an order, in cells of about equal size.
    let ofOrder (order: int[]) cells =
        let cellOf = Array.zeroCreate<int> order.Length

        order
        |> Array.iteri (fun place item ->
            cellOf[item] <- int (int64 place * int64 cells / int64 order.Length))

        cellOf

/// Takes up the cosines of features with all L latents, block by block, and keeps the nearest latent of each feature and
/// the largest |cos| of each latent in each column of the picture. Costs O(1) per cosine.
[<Sealed>]
type CosineSurvey(threads: int, latents: int, featureCell: int[], columns: int) =
    let nearest = Array.zeroCreate<int> featureCell.Length
    // (columns, L).
    let largest = Matrix.zeros columns latents

    let findNearest (row: nativeptr<float32>) =
        let mutable best = 0

        for latent in 1 .. latents - 1 do
            if abs (NativePtr.get row latent) > abs (NativePtr.get row best) then
                best <- latent

        best

    let raiseTo (row: nativeptr<float32>) (target: nativeptr<float32>) first last =
        let mutable latent = first

        while latent + 16 <= last do
            let cosine = Vector512.Abs(Vector512.Load(NativePtr.add row latent))
            let place = NativePtr.add target latent
            Vector512.Store(Vector512.Max(cosine, Vector512.Load place), place)
            latent <- latent + 16

        while latent < last do
            let cosine = abs (NativePtr.get row latent)

            if cosine > NativePtr.get target latent then
                NativePtr.set target latent cosine

            latent <- latent + 1

    /// The cosines (F, L), with or without their sign, of the features first, first + 1, …
    member _.Add(first: int, cosines: Matrix) =
        Threads.iter threads cosines.Rows (fun _ row ->
            nearest[first + row] <- findNearest (cosines.RowPtr row))

        // Each worker has latents of its own.
        Threads.ranges threads latents 512 (fun _ firstLatent lastLatent ->
            for row in 0 .. cosines.Rows - 1 do
                let target = largest.RowPtr featureCell[first + row]
                raiseTo (cosines.RowPtr row) target firstLatent lastLatent)

    /// (N): as `CosineMap.NearestLatent`, once all features have been added.
    member _.NearestLatent = nearest

    /// (columns, L): the largest |cos| of each latent with the features of a column.
    member _.Largest = largest

module CosineMap =
    /// The picture's largest height and width, in cells.
    [<Literal>]
    let MostCells = 96

    /// A survey of features in an order (a permutation of 0 … N−1), from left to right.
    let survey backend latents (features: int[]) =
        let columns = min MostCells features.Length
        CosineSurvey(Backend.threads backend, latents, Cells.ofOrder features columns, columns)

    /// The map of a complete survey, with the latents in an order (a permutation of 0 … L−1) from the top down.
    let ofSurvey (survey: CosineSurvey) (latents: int[]) : CosineMap =
        let rows = min MostCells latents.Length
        let rowOf = Cells.ofOrder latents rows
        let cells = Matrix.zeros rows survey.Largest.Rows

        for column in 0 .. cells.Cols - 1 do
            let largest = survey.Largest.Row column

            for latent in 0 .. latents.Length - 1 do
                let row = rowOf[latent]
                cells[row, column] <- max cells[row, column] largest[latent]

        { NearestLatent = survey.NearestLatent; Cells = cells }
