namespace SynthSae.Compute

open System

/// A sparse batch in CSR form: row b holds the entries `RowStart[b] … RowStart[b+1] − 1` of `Index` and
/// `Value`, by ascending index, none 0 (below 0 only with AbsTopK). Both the true feature activations (Width = N) and an
/// SAE's latent activations (Width = L) are codes. A buffer to be filled again and again.
[<Sealed>]
type Codes(width: int) =
    let mutable rows = 0
    let mutable rowStart: int[] = Array.zeroCreate 1
    let mutable index: int[] = Array.zeroCreate 256
    let mutable value: float32[] = Array.zeroCreate 256

    /// Number of columns of the dense form: N or L.
    member _.Width = width

    /// Number of samples, B.
    member _.Rows = rows

    /// (B+1): where each row starts; `RowStart[B]` is the number of entries.
    member _.RowStart = rowStart

    /// (≥ nnz): column of each entry.
    member _.Index = index

    /// (≥ nnz): value of each entry.
    member _.Value = value

    /// Number of entries.
    member _.Count = rowStart[rows]

    /// Indices of one row.
    member _.RowIndex(row: int) =
        ReadOnlySpan<int>(index, rowStart[row], rowStart[row + 1] - rowStart[row])

    /// Values of one row.
    member _.RowValue(row: int) =
        ReadOnlySpan<float32>(value, rowStart[row], rowStart[row + 1] - rowStart[row])

    /// Make room for `newRows` rows and `count` entries; the contents are then undefined.
    member _.Reset(newRows: int, count: int) =
        if rowStart.Length < newRows + 1 then
            rowStart <- Array.zeroCreate (newRows + 1)

        if index.Length < count then
            let capacity = max count (index.Length * 2)
            index <- GC.AllocateUninitializedArray capacity
            value <- GC.AllocateUninitializedArray capacity

        rows <- newRows

module Codes =
    /// The dense form (B, Width).
    let toDense (codes: Codes) =
        let dense = Matrix(codes.Rows, codes.Width)

        for row in 0 .. codes.Rows - 1 do
            for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                dense[row, codes.Index[entry]] <- codes.Value[entry]

        dense

    /// The entries of a dense batch that are not 0.
    let ofDense (dense: Matrix) =
        let codes = Codes dense.Cols
        let mutable count = 0

        for value in dense.Span do
            if value <> 0.0f then
                count <- count + 1

        codes.Reset(dense.Rows, count)
        let mutable next = 0

        for row in 0 .. dense.Rows - 1 do
            codes.RowStart[row] <- next

            for col in 0 .. dense.Cols - 1 do
                if dense[row, col] <> 0.0f then
                    codes.Index[next] <- col
                    codes.Value[next] <- dense[row, col]
                    next <- next + 1

        codes.RowStart[dense.Rows] <- next
        codes

    /// Make `target` equal to `source`.
    let copyInto (target: Codes) (source: Codes) =
        target.Reset(source.Rows, source.Count)
        Array.blit source.RowStart 0 target.RowStart 0 (source.Rows + 1)
        Array.blit source.Index 0 target.Index 0 source.Count
        Array.blit source.Value 0 target.Value 0 source.Count
