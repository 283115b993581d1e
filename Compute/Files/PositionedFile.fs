namespace SynthSae.Compute.Files

open System
open System.Buffers
open System.IO
open System.Runtime.InteropServices
open Microsoft.Win32.SafeHandles
open SynthSae.Compute

/// A file that is read piece by piece, each at its place. (Not a memory map: a file that shrinks meanwhile is then an
/// error, not the end of the process.) Reads may come from several threads. Every fault raises `BadInput`.
[<Sealed>]
type internal PositionedFile(path: string) =
    let handle: SafeFileHandle = FileErrors.reading path (fun () -> File.OpenHandle path)

    let length =
        try
            FileErrors.reading path (fun () -> RandomAccess.GetLength handle)
        with _ ->
            handle.Dispose()
            reraise ()

    /// Path as given.
    member _.Path = path

    /// Bytes, when it was opened.
    member _.Length = length

    /// When it was last written to, by now; and its length by now.
    member _.Stamp: struct (DateTime * int64) =
        FileErrors.reading path (fun () ->
            struct (File.GetLastWriteTimeUtc handle, RandomAccess.GetLength handle))

    /// Fail with a problem of this file.
    member _.Fail(problem: string) : 'T = raise (BadInput(path, problem))

    /// Fill `destination` with the bytes from `offset` on.
    member file.Read(offset: int64, destination: Span<byte>) =
        let mutable read = 0
        let mutable ended = false

        while read < destination.Length && not ended do
            let rest = destination.Slice read

            let count =
                try
                    RandomAccess.Read(handle, rest, offset + int64 read)
                with :? IOException as error ->
                    // A span cannot be captured by `FileErrors.reading`.
                    FileErrors.reading path (fun () -> raise error)

            ended <- count = 0
            read <- read + count

        if ended then
            file.Fail "ends too early"

    interface IDisposable with
        member _.Dispose() = handle.Dispose()

/// Numbers in a file, little-endian, from a given byte on.
module internal FileNumbers =
    /// Elements per read: a span of bytes has at most 2³¹ of them.
    let private chunk = 1 <<< 22

    /// Elements per read that are converted through a buffer.
    let private buffered = 1 <<< 15

    /// Elements that are stored as they are wanted.
    let read (file: PositionedFile) (offset: int64) (destination: Span<'T>) =
        let mutable first = 0

        while first < destination.Length do
            let length = min chunk (destination.Length - first)

            file.Read(
                offset + int64 first * int64 sizeof<'T>,
                MemoryMarshal.AsBytes(destination.Slice(first, length))
            )

            first <- first + length

    let private convert dtype (stored: ReadOnlySpan<byte>) (destination: Span<float32>) =
        match dtype with
        | Dtype.F16 -> HalfFloats.ofHalves (MemoryMarshal.Cast<byte, uint16> stored) destination
        | Dtype.BF16 -> HalfFloats.ofBFloats (MemoryMarshal.Cast<byte, uint16> stored) destination
        | Dtype.F64 ->
            let values = MemoryMarshal.Cast<byte, float> stored

            for i in 0 .. values.Length - 1 do
                destination[i] <- float32 values[i]
        | other -> invalidArg (nameof dtype) $"{other} is no float type"

    /// Elements of a float type as float32: F16 and BF16 are widened exactly, F64 is rounded.
    let readFloat32 (file: PositionedFile) (dtype: Dtype) offset (destination: Span<float32>) =
        if dtype = Dtype.F32 then
            read file offset destination
        else
            let size = Dtype.size dtype
            let stored = ArrayPool<byte>.Shared.Rent(size * min buffered destination.Length)

            try
                let mutable first = 0

                while first < destination.Length do
                    let length = min buffered (destination.Length - first)
                    let bytes = stored.AsSpan(0, size * length)
                    file.Read(offset + int64 first * int64 size, bytes)
                    convert dtype (Span<byte>.op_Implicit bytes) (destination.Slice(first, length))
                    first <- first + length
            finally
                ArrayPool<byte>.Shared.Return stored
