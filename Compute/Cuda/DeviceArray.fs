namespace SynthSae.Compute.Cuda

open System
open System.Runtime.InteropServices
open SynthSae.Compute

/// Numbers in a GPU's memory. Of length 0 it is absent: a null pointer. Contents are undefined at first.
[<Sealed; AllowNullLiteral>]
type DeviceArray<'T when 'T: unmanaged>(gpu: Gpu, length: int64) =
    let bytes = length * int64 sizeof<'T>
    let mutable pointer = if length = 0L then 0UL else gpu.Allocate bytes

    static let elements =
        match typeof<'T> with
        | t when t = typeof<float32> -> "float"
        | t when t = typeof<float> -> "double"
        | t when t = typeof<int> -> "int"
        | t when t = typeof<uint32> -> "u32"
        | t when t = typeof<int64> -> "i64"
        | t when t = typeof<uint64> -> "u64"
        | t when t = typeof<uint16> -> "u16"
        | t when t = typeof<byte> -> "u8"
        | t -> t.Name

    let free () =
        if pointer <> 0UL then
            gpu.Free(pointer, bytes)
            pointer <- 0UL

    new(gpu, length: int) = new DeviceArray<'T>(gpu, int64 length)

    /// Where it is.
    member _.Gpu = gpu

    /// Number of elements.
    member _.Length = length

    /// Whether there is nothing.
    member _.IsEmpty = (length = 0L)

    /// Its address.
    member _.Pointer = pointer

    /// As an argument of a kernel, from element `first` on.
    member _.From(first: int64) =
        Arg.Pointer(pointer + uint64 (first * int64 sizeof<'T>), elements)

    /// As an argument of a kernel.
    member array.Arg = array.From 0L

    /// Write elements from `first` on.
    member _.Upload(source: ReadOnlySpan<'T>, first: int64) =
        use pin = fixed &MemoryMarshal.GetReference source
        let address = NativeInterop.NativePtr.toNativeInt pin
        let bytes = int64 source.Length * int64 sizeof<'T>
        gpu.Upload(pointer + uint64 (first * int64 sizeof<'T>), address, bytes)

    /// Write elements from the first on.
    member array.Upload(source: 'T[]) = array.Upload(ReadOnlySpan source, 0L)

    /// Read elements from `first` on.
    member _.Download(target: Span<'T>, first: int64) =
        use pin = fixed &MemoryMarshal.GetReference target
        let address = NativeInterop.NativePtr.toNativeInt pin
        let bytes = int64 target.Length * int64 sizeof<'T>
        gpu.Download(address, pointer + uint64 (first * int64 sizeof<'T>), bytes)

    /// All elements.
    member array.Download() : 'T[] =
        let target = Array.zeroCreate (int length)
        array.Download(Span target, 0L)
        target

    /// Make all elements 0.
    member _.Clear() = gpu.Clear(pointer, bytes)

    /// Take the elements of another array of this length.
    member _.CopyFrom(source: DeviceArray<'T>) =
        if source.Length <> length then
            invalidArg (nameof source) $"{source.Length} elements, not {length}"

        gpu.Copy(pointer, source.Pointer, bytes)

    override _.Finalize() = free ()

    interface IDisposable with
        member array.Dispose() =
            free ()
            GC.SuppressFinalize array

/// One number in a GPU's memory: what changes from step to step is read from there, so that a recorded step stays
/// the same.
[<Struct>]
type DeviceScalar<'T when 'T: unmanaged> =
    { Array: DeviceArray<'T>
      Place: int64 }

    /// Its address, as an argument of a kernel.
    member scalar.Arg = scalar.Array.From scalar.Place

module DeviceScalar =
    /// An element of an array.
    let at (place: int) (array: DeviceArray<'T>) : DeviceScalar<'T> =
        { Array = array; Place = int64 place }

    /// A number of its own.
    let ofValue (gpu: Gpu) (value: 'T) : DeviceScalar<'T> =
        let array = new DeviceArray<'T>(gpu, 1)
        array.Upload [| value |]
        at 0 array

    /// Its value now.
    let value (scalar: DeviceScalar<'T>) : 'T =
        let target = Array.zeroCreate 1
        scalar.Array.Download(Span target, scalar.Place)
        target[0]

    /// Change it.
    let set (scalar: DeviceScalar<'T>) (value: 'T) =
        scalar.Array.Upload(ReadOnlySpan [| value |], scalar.Place)

module DeviceArray =
    /// Elements of the host, on a GPU.
    let ofArray (gpu: Gpu) (source: 'T[]) =
        let array = new DeviceArray<'T>(gpu, source.Length)
        array.Upload source
        array

    /// Zeros.
    let zeros<'T when 'T: unmanaged> (gpu: Gpu) (length: int) =
        let array = new DeviceArray<'T>(gpu, length)
        array.Clear()
        array

/// A row-major matrix of float32 in a GPU's memory, (Rows, Cols) without padding.
[<Sealed; AllowNullLiteral>]
type DeviceMatrix private (rows: int, cols: int, elements: DeviceArray<float32>) =
    new(gpu: Gpu, rows: int, cols: int) =
        DeviceMatrix(rows, cols, new DeviceArray<float32>(gpu, int64 rows * int64 cols))

    /// Number of rows.
    member _.Rows = rows

    /// Number of columns, and the distance between rows.
    member _.Cols = cols

    /// The elements, at least Rows·Cols of them.
    member _.Elements = elements

    /// Where it is.
    member _.Gpu = elements.Gpu

    /// As an argument of a kernel.
    member _.Arg = elements.Arg

    /// As an argument of a kernel, from a row on.
    member _.FromRow(row: int) = elements.From(int64 row * int64 cols)

    /// The same memory as a matrix of the first rows only.
    member _.Top(fewer: int) =
        if fewer > rows then
            invalidArg (nameof fewer) $"{fewer} of {rows} rows"

        DeviceMatrix(fewer, cols, elements)

    /// Write all rows.
    member _.Upload(source: Matrix) =
        if source.Rows <> rows || source.Cols <> cols then
            invalidArg (nameof source) $"({source.Rows}, {source.Cols}), not ({rows}, {cols})"

        elements.Upload(Span.op_Implicit source.Span, 0L)

    /// Read all rows.
    member _.Download(target: Matrix) =
        if target.Rows <> rows || target.Cols <> cols then
            invalidArg (nameof target) $"({target.Rows}, {target.Cols}), not ({rows}, {cols})"

        elements.Download(target.Span, 0L)

    /// A copy on the host.
    member matrix.ToMatrix() =
        let target = Matrix(rows, cols)
        matrix.Download target
        target

module DeviceMatrix =
    /// A matrix of the host, on a GPU.
    let ofMatrix (gpu: Gpu) (source: Matrix) =
        let matrix = DeviceMatrix(gpu, source.Rows, source.Cols)
        matrix.Upload source
        matrix

    /// Zeros.
    let zeros (gpu: Gpu) rows cols =
        let matrix = DeviceMatrix(gpu, rows, cols)
        matrix.Elements.Clear()
        matrix

    /// Threads of a block that goes through rows of so many columns, each holding neighbours (`Pack`): four where rows
    /// begin at multiples of 16 bytes, otherwise one; and at most so many.
    let threadsUpTo (most: int) (cols: int) =
        let packs = if cols % 4 = 0 then cols / 4 else cols
        min most (max 1 ((packs + 31) / 32) * 32)

    /// The same, at most 256.
    let threadsOfRow cols = threadsUpTo 256 cols
