namespace SynthSae.Compute.Cuda

open System
open SynthSae.Compute

/// A sparse batch in a GPU's memory, with the same room for each row: the entries of row b are at the positions
/// b·Stride … b·Stride + Count[b] − 1 of `Index` and `Value`, by ascending index. Arrays "by entry" have the
/// same positions. The room for all rows is below 2³² entries.
[<Sealed>]
type DeviceCodes
    private
    (
        width: int,
        rows: int,
        stride: int,
        count: DeviceArray<int>,
        index: DeviceArray<int>,
        value: DeviceArray<float32>
    ) =
    let capacity = int64 rows * int64 stride

    // The entries of the first rows of an array by entry, side by side. One copy of the used part: rows are near to
    // each other.
    let gather (source: DeviceArray<'T>) (first: int) (starts: int[]) (target: 'T[]) =
        let entries = GC.AllocateUninitializedArray(first * stride)
        source.Download(Span entries, 0L)

        for row in 0 .. first - 1 do
            Array.blit entries (row * stride) target starts[row] (starts[row + 1] - starts[row])

    let readStarts first (target: Codes) =
        let counts = Array.zeroCreate first
        count.Download(Span counts, 0L)
        target.Reset(first, Array.sum counts)
        Array.blit (Array.scan (+) 0 counts) 0 target.RowStart 0 (first + 1)

    new(gpu: Gpu, width: int, rows: int, stride: int) =
        let capacity = int64 rows * int64 stride

        if capacity >= (1L <<< 32) then
            let problem = $"{rows} samples with up to {stride} entries each are too many for a GPU"
            raise (BadInput("batch size", problem))

        DeviceCodes(
            width,
            rows,
            stride,
            new DeviceArray<int>(gpu, rows),
            new DeviceArray<int>(gpu, capacity),
            new DeviceArray<float32>(gpu, capacity)
        )

    /// The same entries with other values: the arrays of counts and indices are shared.
    member _.WithValues(values: DeviceArray<float32>) =
        if values.Length < capacity then
            invalidArg (nameof values) $"{values.Length} values for {capacity} entries"

        DeviceCodes(width, rows, stride, count, index, values)

    /// Number of columns of the dense form: N or L.
    member _.Width = width

    /// Number of rows that there is room for.
    member _.Rows = rows

    /// Room for entries in a row.
    member _.Stride = stride

    /// Rows·Stride.
    member _.Capacity = capacity

    /// (Rows): entries of each row.
    member _.Count = count

    /// (Rows·Stride): column of each entry.
    member _.Index = index

    /// (Rows·Stride): value of each entry.
    member _.Value = value

    /// A copy of the first rows on the host.
    member _.ToCodes(first: int, target: Codes) =
        readStarts first target
        gather index first target.RowStart target.Index
        gather value first target.RowStart target.Value

    /// The same without the values, which are then undefined.
    member _.ToPattern(first: int, target: Codes) =
        readStarts first target
        gather index first target.RowStart target.Index

    /// Take codes of the host with at most so many rows, and entries in each.
    member _.OfCodes(source: Codes) =
        let counts = Array.init source.Rows (fun b -> source.RowStart[b + 1] - source.RowStart[b])
        let indices = Array.zeroCreate (source.Rows * stride)
        let values = Array.zeroCreate (source.Rows * stride)

        for row in 0 .. source.Rows - 1 do
            Array.blit source.Index source.RowStart[row] indices (row * stride) counts[row]
            Array.blit source.Value source.RowStart[row] values (row * stride) counts[row]

        count.Upload counts
        index.Upload indices
        value.Upload values

/// Codes by latent in a GPU's memory: for each latent its samples, ascending, and where their entries are.
[<Sealed>]
type DeviceLists(gpu: Gpu, latents: int, capacity: int64) =
    /// (L+1): where each latent's list starts.
    member val Start = new DeviceArray<int>(gpu, latents + 1)

    /// (≤ capacity): sample of each entry.
    member val Sample = new DeviceArray<int>(gpu, capacity)

    /// (≤ capacity): position of each entry in the codes.
    member val Entry = new DeviceArray<uint32>(gpu, capacity)

    /// L.
    member _.Latents = latents

    /// Room for entries.
    member _.Capacity = capacity
