namespace SynthSae.Compute

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open FSharp.NativeInterop

/// A row-major matrix of float32, (Rows, Cols) without padding, on a 64-byte boundary and pinned, so
/// that kernels can hold its address while they run. Whoever takes `Ptr` keeps the matrix reachable
/// (capturing the matrix itself in the kernel's closure does). Raises `BadInput` when it would have more than
/// `MostElements`.
[<Sealed>]
type Matrix(rows: int, cols: int) =
    static let boundary = 64

    let length = int64 rows * int64 cols

    let data: float32[] =
        if rows < 0 || cols < 0 then
            invalidArg (nameof rows) $"there is no matrix of {rows} × {cols}"

        Matrix.CheckSize(rows, cols)
        GC.AllocateArray<float32>(int length + boundary / sizeof<float32>, pinned = true)

    let first =
        let address = int64 (Marshal.UnsafeAddrOfPinnedArrayElement(data, 0))

        int (((address + int64 boundary - 1L) &&& ~~~(int64 boundary - 1L)) - address)
        / sizeof<float32>

    let ptr: nativeptr<float32> =
        NativePtr.ofNativeInt (Marshal.UnsafeAddrOfPinnedArrayElement(data, first))

    do HugePages.advise (NativePtr.toNativeInt ptr) (4L * length)

    /// The most elements that a matrix can have: what one array holds.
    static member MostElements = 2_147_000_000L

    /// Raises `BadInput` when no matrix can be that large: sizes come from specifications and files.
    static member CheckSize(rows: int, cols: int) =
        let length = int64 rows * int64 cols

        if length > Matrix.MostElements then
            let problem =
                $"{rows} × {cols} has {length} elements; the most is {Matrix.MostElements}"

            raise (BadInput("matrix", problem))

    /// Number of rows.
    member _.Rows = rows

    /// Number of columns, and the distance between rows.
    member _.Cols = cols

    /// Number of elements.
    member _.Length = int length

    /// Address of element (0, 0).
    member _.Ptr = ptr

    /// Address of element (row, 0).
    member _.RowPtr(row: int) : nativeptr<float32> =
        NativePtr.ofNativeInt (NativePtr.toNativeInt ptr + nativeint (int64 row * int64 cols * 4L))

    /// All elements, row after row.
    member _.Span = Span<float32>(data, first, int length)

    /// One row.
    member _.Row(row: int) =
        Span<float32>(data, first + row * cols, cols)

    /// Element (row, col).
    member _.Item
        with get (row: int, col: int) = data[first + row * cols + col]
        and set (row: int, col: int) (value: float32) = data[first + row * cols + col] <- value

module Matrix =
    /// A matrix of zeros.
    let zeros rows cols = Matrix(rows, cols)

    /// A matrix with elements `f row col`.
    let init rows cols (f: int -> int -> float32) =
        let result = Matrix(rows, cols)

        for row in 0 .. rows - 1 do
            for col in 0 .. cols - 1 do
                result[row, col] <- f row col

        result

    /// A copy that shares nothing.
    let copy (matrix: Matrix) =
        let result = Matrix(matrix.Rows, matrix.Cols)
        matrix.Span.CopyTo result.Span
        result

    /// A matrix that holds the given row-major elements.
    let ofArray rows cols (elements: float32[]) =
        if elements.Length <> rows * cols then
            invalidArg (nameof elements) $"{elements.Length} elements do not fill {rows} × {cols}"

        let result = Matrix(rows, cols)
        elements.AsSpan().CopyTo result.Span
        result

    /// The transpose, as a new matrix.
    let transpose (matrix: Matrix) =
        init matrix.Cols matrix.Rows (fun row col -> matrix[col, row])
