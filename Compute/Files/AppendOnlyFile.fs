namespace SynthSae.Compute.Files

open System
open System.IO
open System.Text

/// A file of lines that only grows, with one writer. Each line reaches the operating system in one write
/// before `Add` returns, so that readers see whole lines and a killed process loses none. What a crash or
/// a full disk has left of a line is cut off: it never was one.
[<Sealed>]
type AppendOnlyFile(path: string) =
    /// Cut the file after its last line break, reading backwards.
    static let cutTornLine (stream: FileStream) =
        let block = Array.zeroCreate<byte> 4096
        let mutable length = stream.Length
        let mutable found = false

        while not found && length > 0L do
            let first = max 0L (length - int64 block.Length)
            let count = int (length - first)
            stream.Position <- first
            stream.ReadExactly(block, 0, count)

            match Array.LastIndexOf(block, byte '\n', count - 1, count) with
            | -1 -> length <- first
            | place ->
                found <- true
                length <- first + int64 place + 1L

        if length < stream.Length then
            stream.SetLength length

        stream.Position <- length

    let stream =
        FileErrors.writing path (fun () ->
            // Unbuffered: one write per line.
            let access = FileAccess.ReadWrite
            let share = FileShare.ReadWrite
            let stream = new FileStream(path, FileMode.OpenOrCreate, access, share, 0)

            try
                if stream.CanSeek then
                    cutTornLine stream

                stream
            with _ ->
                stream.Dispose()
                reraise ())

    let write (bytes: byte[]) =
        try
            stream.Write(bytes, 0, bytes.Length)
        with _ ->
            try
                cutTornLine stream
            with
            | :? IOException
            | :? NotSupportedException -> ()

            reraise ()

    /// Path as given.
    member _.Path = path

    /// Append one line, without line breaks of its own. Raises `BadInput` with the system's reason.
    member _.Add(line: string) =
        if line.Contains '\n' then
            invalidArg (nameof line) "a line holds no line break"

        let bytes = Encoding.UTF8.GetBytes(line + "\n")
        FileErrors.writing path (fun () -> write bytes)

    /// Put all lines on disk.
    member _.Sync() =
        FileErrors.writing path (fun () -> stream.Flush true)

    interface IDisposable with
        member _.Dispose() = stream.Dispose()
