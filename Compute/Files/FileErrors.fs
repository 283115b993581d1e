namespace SynthSae.Compute.Files

open System
open SynthSae.Compute
open System.IO
open System.Text

/// What the operating system says when a file cannot be read or written, as input errors.
module FileErrors =
    /// Why the file or folder at a path could not be used, in the system's words, without the path.
    let reason (path: string) (error: exn) : string =
        match error with
        | _ when Directory.Exists path -> "it is a folder"
        | :? FileNotFoundException -> "there is no such file"
        | :? DirectoryNotFoundException -> "there is no such folder"
        | :? UnauthorizedAccessException -> "permission denied"
        | _ ->
            // Without the path that .NET appends ("No space left on device : '/x'").
            match error.Message.IndexOf(" : '", StringComparison.Ordinal) with
            | -1 -> error.Message
            | suffix -> error.Message.Substring(0, suffix)

    /// What .NET makes of EFBIG: the file outgrew the file system, or the user's limit (`ulimit -f`).
    let private isTooLarge (error: ArgumentOutOfRangeException) =
        (string error.StackTrace).TrimStart().StartsWith "at System.IO."

    /// Run `work` and report a failure of the file system as `BadInput(path, "action: reason")`.
    let guard (path: string) (action: string) (work: unit -> 'T) : 'T =
        let fail reason =
            raise (BadInput(path, $"{action}: {reason}"))

        if path = "" || path.Contains '\000' then
            fail "it is not a path"

        try
            work ()
        with
        | :? IOException as error -> fail (reason path error)
        | :? UnauthorizedAccessException as error -> fail (reason path error)
        | :? ArgumentOutOfRangeException as error when isTooLarge error -> fail "File too large"

    /// Read from a file: failures are reported as "cannot be read: reason".
    let reading (path: string) (work: unit -> 'T) = guard path "cannot be read" work

    /// Write to a file: failures are reported as "cannot be written: reason".
    let writing (path: string) (work: unit -> 'T) = guard path "cannot be written" work

    /// All text of a UTF-8 file; other bytes are an error.
    let readText (path: string) : string =
        let bytes = reading path (fun () -> File.ReadAllBytes path)

        try
            UTF8Encoding(false, true).GetString bytes
        with :? DecoderFallbackException ->
            raise (BadInput(path, "is not UTF-8 text"))
