namespace SynthSae.Compute.Files

open System
open System.IO
open SynthSae.Compute

/// Folders that appear whole or not at all.
module AtomicFolder =
    let private names (folder: string) =
        [ for path in Directory.GetFileSystemEntries folder -> Path.GetFileName path ]

    /// Fail unless there is room for a folder at `path`: nothing, an empty folder, or with `replace` one that
    /// holds nothing but files of these names.
    let private check (path: string) replace (known: string list) =
        if File.Exists path then
            raise (BadInput(path, "is a file; a folder is written here"))

        if Directory.Exists path then
            let found = FileErrors.reading path (fun () -> names path)
            let strangers = List.except known found

            if not found.IsEmpty && not replace then
                raise (BadInput(path, "is not empty"))

            if not strangers.IsEmpty then
                let what = strangers |> List.truncate 3 |> String.concat ", "
                raise (BadInput(path, $"is not replaced, since it holds more than an SAE: {what}"))

    let private tryDelete (path: string) =
        try
            Directory.Delete(path, true)
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    /// Write a folder: `fill` gets a temporary folder beside it, which is then renamed to `path`. What was there
    /// may be an empty folder or, with `replace`, one that holds nothing but files named in `known`; it stays as
    /// it is after any failure. Raises `BadInput`.
    let write (path: string) (replace: bool) (known: string list) (fill: string -> unit) =
        let path = Path.TrimEndingDirectorySeparator(Path.GetFullPath path)
        check path replace known

        let beside ending =
            let unique = Guid.NewGuid().ToString "N"

            Path.Combine(
                Path.GetDirectoryName path |> Option.ofObj |> Option.defaultValue "/",
                $".{Path.GetFileName path}.{unique}.{ending}"
            )

        let fresh, old = beside "tmp", beside "old"

        FileErrors.writing path (fun () ->
            Directory.CreateDirectory fresh |> ignore

            try
                fill fresh

                if Directory.Exists path then
                    Directory.Move(path, old)

                try
                    Directory.Move(fresh, path)
                with _ ->
                    if Directory.Exists old then
                        Directory.Move(old, path)

                    reraise ()
            with _ ->
                tryDelete fresh
                reraise ()

            tryDelete old)
