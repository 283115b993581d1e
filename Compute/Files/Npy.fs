namespace SynthSae.Compute.Files

open System
open SynthSae.Compute

/// An open .npy file of NumPy's: the header is read and checked, elements are read when asked for. Every fault raises
/// `BadInput`.
[<Sealed>]
type NpyFile internal (path: string) =
    let content = new PositionedFile(path)

    let header =
        try
            NpyHeader.read content
        with _ ->
            (content :> IDisposable).Dispose()
            reraise ()

    /// Path as given.
    member _.Path = path

    /// F16, F32 or F64.
    member _.Dtype = header.Dtype

    /// Row-major.
    member _.Shape = header.Shape

    /// First byte of the elements.
    member internal _.Begin = header.Begin

    /// The bytes.
    member internal _.Content = content

    /// An array of two dimensions in float32; F64 is rounded.
    member _.Matrix() : Matrix =
        match header.Shape with
        | [ rows; cols ] ->
            let most = Matrix.MostElements

            if max rows cols > most || rows * cols > most then
                content.Fail $"an array of shape ({rows}, {cols}) does not fit into memory"

            let result = Matrix(int rows, int cols)
            FileNumbers.readFloat32 content header.Dtype header.Begin result.Span
            result
        | shape ->
            let shape = String.Join(", ", shape)
            content.Fail $"has the shape ({shape}); two dimensions are expected"

    interface IDisposable with
        member _.Dispose() = (content :> IDisposable).Dispose()

/// Arrays in NumPy's .npy format.
module Npy =
    /// Open a file; the header is read and checked at once.
    let read (path: string) : NpyFile = new NpyFile(path)

    /// Write a float32 array (Rows, Cols), with the bytes that `numpy.save` writes, as a whole file (`AtomicFile`).
    let write (path: string) (matrix: Matrix) =
        AtomicFile.writeWith path (fun stream ->
            stream.Write(NpyHeader.ofShape [ int64 matrix.Rows; int64 matrix.Cols ])
            Tensor.write stream (Tensor.Matrix matrix))
