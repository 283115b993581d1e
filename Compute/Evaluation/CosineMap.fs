namespace SynthSae.Compute

open System
open System.Collections.Generic
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

module CosineMap =
    /// The picture's largest height and width, in cells.
    [<Literal>]
    let MostCells = 96

    /// Cosines held at a time: 32 MB.
    let private blockElements = 1 <<< 23

    /// |cos| of some latents with all features.
    let private weights backend (decoder: Matrix) (dictionary: Matrix) : int[] -> Matrix =
        match backend with
        | Backend.Reference -> MatchCosinesReference.weights decoder dictionary
        | Backend.Cpu threads -> MatchCosinesCpu.weights threads decoder dictionary
        | Backend.Cuda(gpu, _) ->
            MatchCosinesCuda.weights
                gpu
                (DeviceMatrix.ofMatrix gpu decoder)
                (DeviceMatrix.ofMatrix gpu dictionary)

    /// The cell of the picture that each item falls in: places 0 … count−1 in cells of about equal size.
    let private cellsOf (order: int[]) cells =
        let cellOf = Array.zeroCreate<int> order.Length

        order
        |> Array.iteri (fun place item ->
            cellOf[item] <- int (int64 place * int64 cells / int64 order.Length))

        cellOf

    /// Raise `best` and `cells` by a block of cosines of the latents first, first + 1, …, in the columns
    /// firstColumn … lastColumn−1.
    let private scan
        (cosines: Matrix)
        firstLatent
        (best: float32[])
        (nearest: int[])
        (latentCell: int[])
        (featureCell: int[])
        (cells: Matrix)
        firstColumn
        lastColumn
        =
        for row in 0 .. cosines.Rows - 1 do
            let values = cosines.Row row
            let target = cells.Row latentCell[firstLatent + row]

            for feature in firstColumn .. lastColumn - 1 do
                let cosine = values[feature]

                if cosine > best[feature] then
                    best[feature] <- cosine
                    nearest[feature] <- firstLatent + row

                let cell = featureCell[feature]

                if cosine > target[cell] then
                    target[cell] <- cosine

    /// Cells that both have: the larger of each.
    let private largest (parts: Matrix[]) =
        Matrix.init parts[0].Rows parts[0].Cols (fun row col ->
            parts |> Array.map (fun part -> part[row, col]) |> Array.max)

    /// The map of a decoder (L, D) and a dictionary (N, D), with latents and features in the picture in the orders given
    /// (permutations of 0 … L−1 and 0 … N−1). Cost 2·L·N·D FLOP.
    let run backend (decoder: Matrix) (dictionary: Matrix) (latents: int[]) (features: int[]) =
        let threads = Backend.threads backend
        let rows, cols = min MostCells decoder.Rows, min MostCells dictionary.Rows
        let latentCell, featureCell = cellsOf latents rows, cellsOf features cols
        let best = Array.create dictionary.Rows -1.0f
        let nearest = Array.zeroCreate<int> dictionary.Rows
        let parts = Array.init threads (fun _ -> Matrix.zeros rows cols)
        let weights = weights backend decoder dictionary
        let block = max 1 (blockElements / max 1 dictionary.Rows) |> min decoder.Rows

        for first in 0..block .. decoder.Rows - 1 do
            let count = min block (decoder.Rows - first)
            let cosines = weights [| first .. first + count - 1 |]

            // Each worker has columns of its own, and a picture.
            Threads.ranges threads dictionary.Rows 512 (fun worker firstColumn lastColumn ->
                scan
                    cosines
                    first
                    best
                    nearest
                    latentCell
                    featureCell
                    parts[worker]
                    firstColumn
                    lastColumn)

        { NearestLatent = nearest; Cells = largest parts }
