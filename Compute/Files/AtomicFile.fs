namespace SynthSae.Compute.Files

open System
open System.IO
open System.Text

/// Files that are written whole or not at all.
module AtomicFile =
    let private folderOf (path: string) =
        match Path.GetDirectoryName path with
        | null
        | "" -> "."
        | folder -> folder

    /// Put a folder's entries on disk, so that a rename survives a loss of power. Best effort: some file
    /// systems cannot, and the file itself is safe by then.
    let private syncFolder (folder: string) =
        let descriptor = Libc.``open`` (folder, Libc.CloseOnExec)

        if descriptor >= 0 then
            Libc.fsync descriptor |> ignore
            Libc.close descriptor |> ignore

    let private tryDelete (path: string) =
        try
            File.Delete path
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    let private writeAs (onDisk: bool) (path: string) (fill: Stream -> unit) =
        let folder = folderOf path
        let name = Path.GetFileName path
        let unique = Guid.NewGuid().ToString "N"
        let temporary = Path.Combine(folder, $".{name}.{unique}.tmp")

        FileErrors.writing path (fun () ->
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
                        stream.Flush onDisk)

                File.Move(temporary, path, true)
            with _ ->
                tryDelete temporary
                reraise ()

            if onDisk then
                syncFolder folder)

    /// Write a file: `fill` writes a temporary file in the same folder, which is put on disk and then renamed
    /// to `path`. Readers see the old content or the new, and after any failure no temporary file is left.
    /// The folder is made when missing. Raises `BadInput` with the system's reason.
    let writeWith (path: string) (fill: Stream -> unit) = writeAs true path fill

    /// Write bytes as a whole file.
    let writeBytes (path: string) (content: byte[]) =
        writeWith path (fun stream -> stream.Write(content, 0, content.Length))

    /// Write text as a whole file in UTF-8 without a byte order mark.
    let writeText (path: string) (content: string) =
        writeBytes path (Encoding.UTF8.GetBytes content)

    /// The same as `writeBytes` without waiting for the disk, for files that are written often and can be spared:
    /// readers see the old content or the new, but a loss of power may take both.
    let replaceBytes (path: string) (content: byte[]) =
        writeAs false path (fun stream -> stream.Write(content, 0, content.Length))

    /// The same for text.
    let replaceText (path: string) (content: string) =
        replaceBytes path (Encoding.UTF8.GetBytes content)

    /// `.NAME.32 hexadecimal digits.tmp`.
    let private isTemporary (path: string) =
        let parts = (Path.GetFileName path).Split '.'

        parts.Length >= 4
        && parts[0] = ""
        && parts[parts.Length - 1] = "tmp"
        && fst (Guid.TryParseExact(parts[parts.Length - 2], "N"))

    /// Remove the temporary files of writers that were killed, in a folder and those below. The caller sees to
    /// it that nobody is writing there.
    let removeLeftovers (folder: string) =
        if Directory.Exists folder then
            FileErrors.writing folder (fun () ->
                for path in Directory.GetFiles(folder, ".*.tmp", SearchOption.AllDirectories) do
                    if isTemporary path then
                        tryDelete path)
