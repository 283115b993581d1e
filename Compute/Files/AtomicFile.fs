namespace SynthSae.Compute.Files

open System
open SynthSae.Compute
open System.IO
open System.Runtime.InteropServices
open System.Text

/// What the operating system says when a file cannot be read or written, as input errors.
module FileErrors =
    /// The system's reason without the path that .NET appends ("No space left on device : '/x'").
    let private reason (error: exn) =
        match error.Message.IndexOf(" : '", StringComparison.Ordinal) with
        | -1 -> error.Message
        | suffix -> error.Message.Substring(0, suffix)

    /// Run `work` and report a failure of the file system as `BadInput(path, "action: reason")`.
    let guard (path: string) (action: string) (work: unit -> 'T) : 'T =
        try
            work ()
        with
        | :? IOException as error -> raise (BadInput(path, $"{action}: {reason error}"))
        | :? UnauthorizedAccessException as error ->
            raise (BadInput(path, $"{action}: {reason error}"))
        | :? NotSupportedException as error -> raise (BadInput(path, $"{action}: {reason error}"))

    /// All bytes of a file.
    let readBytes (path: string) =
        guard path "cannot be read" (fun () -> File.ReadAllBytes path)

    /// All text of a UTF-8 file; other bytes are an error.
    let readText (path: string) =
        try
            UTF8Encoding(false, true).GetString(readBytes path)
        with :? DecoderFallbackException ->
            raise (BadInput(path, "is not UTF-8 text"))

/// Calls of the C library that .NET does not offer.
module private Libc =
    [<DllImport("libc", SetLastError = true)>]
    extern int private ``open``(string path, int flags)

    [<DllImport("libc", SetLastError = true)>]
    extern int private fsync(int descriptor)

    [<DllImport("libc", SetLastError = true)>]
    extern int private close(int descriptor)

    /// Put a folder's entries on disk, so that a rename survives a loss of power. Best effort: some file
    /// systems cannot, and the file itself is safe by then.
    let syncFolder (folder: string) =
        let descriptor = ``open`` (folder, 0)

        if descriptor >= 0 then
            fsync descriptor |> ignore
            close descriptor |> ignore

/// Files that are written whole or not at all.
module AtomicFile =
    let private folderOf (path: string) =
        match Path.GetDirectoryName path with
        | null
        | "" -> "."
        | folder -> folder

    let private tryDelete (path: string) =
        try
            File.Delete path
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    /// Write a file: `fill` writes a temporary file in the same folder, which is put on disk and then renamed
    /// to `path`. Readers see the old content or the new, and after any failure no temporary file is left.
    /// The folder is made when missing. Raises `BadInput` with the system's reason.
    let writeWith (path: string) (fill: Stream -> unit) =
        let folder = folderOf path
        let name = Path.GetFileName path
        let unique = Guid.NewGuid().ToString "N"
        let temporary = Path.Combine(folder, $".{name}.{unique}.tmp")

        FileErrors.guard path "cannot be written" (fun () ->
            Directory.CreateDirectory folder |> ignore

            try
                using
                    (new FileStream(
                        temporary,
                        FileMode.CreateNew,
                        FileAccess.Write,
                        FileShare.None,
                        1 <<< 16
                    ))
                    (fun stream ->
                        fill stream
                        stream.Flush true)

                File.Move(temporary, path, true)
            with _ ->
                tryDelete temporary
                reraise ()

            Libc.syncFolder folder)

    /// Write bytes as a whole file.
    let writeBytes (path: string) (content: byte[]) =
        writeWith path (fun stream -> stream.Write(content, 0, content.Length))

    /// Write text as a whole file in UTF-8 without a byte order mark.
    let writeText (path: string) (content: string) =
        writeBytes path (Encoding.UTF8.GetBytes content)

/// A file of lines that only grows. Each line reaches the operating system in one write before `Add`
/// returns, so that readers see whole lines and a killed process loses none.
[<Sealed>]
type AppendOnlyFile(path: string) =
    let stream =
        FileErrors.guard path "cannot be written" (fun () ->
            // Unbuffered: one write per line.
            new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 0))

    /// Path as given.
    member _.Path = path

    /// Append one line, without line breaks of its own. Raises `BadInput` with the system's reason.
    member _.Add(line: string) =
        if line.Contains '\n' then
            invalidArg (nameof line) "a line holds no line break"

        let bytes = Encoding.UTF8.GetBytes(line + "\n")
        FileErrors.guard path "cannot be written" (fun () -> stream.Write(bytes, 0, bytes.Length))

    /// Put all lines on disk.
    member _.Sync() =
        FileErrors.guard path "cannot be written" (fun () -> stream.Flush true)

    interface IDisposable with
        member _.Dispose() = stream.Dispose()
