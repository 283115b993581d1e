namespace SynthSae.Compute

open System
open System.IO
open SynthSae.Compute.Files

/// Which files a specification means.
module internal ActivationPaths =
    let private endings = [ ".safetensors"; ".npy" ]

    let private isShard (path: string) =
        endings
        |> List.exists (fun ending -> path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))

    /// Entries of a folder by name, the same on every machine.
    let private entries (folder: string) (pattern: string) =
        FileErrors.reading folder (fun () ->
            Directory.GetFileSystemEntries(folder, pattern)
            |> Array.map (fun path -> Path.Join(folder, Path.GetFileName path))
            |> Array.sortWith (fun a b -> String.CompareOrdinal(a, b))
            |> List.ofArray)

    let private isPattern (text: string) = text.IndexOfAny [| '*'; '?' |] >= 0

    /// All that a path whose parts may be patterns stands for.
    let rec private matching (path: string) : string list =
        if not (isPattern path) then
            if Path.Exists path then [ path ] else []
        else
            let name = Path.GetFileName path

            let folders =
                match Path.GetDirectoryName path with
                | null
                | "" -> [ "." ]
                | folder -> matching folder |> List.filter Directory.Exists

            if isPattern name then
                folders |> List.collect (fun folder -> entries folder name)
            else
                folders
                |> List.map (fun folder -> Path.Join(folder, name))
                |> List.filter Path.Exists

    let private ofEntry (entry: string) : string list =
        let fail problem = raise (BadInput(entry, problem))

        if Directory.Exists entry then
            match
                entries entry "*" |> List.filter (fun path -> isShard path && File.Exists path)
            with
            | [] -> fail "is a folder without .safetensors or .npy files"
            | files -> files
        elif isPattern entry && not (File.Exists entry) then
            match matching entry |> List.filter File.Exists with
            | [] -> fail "matches no file"
            | files -> files
        elif isShard entry then
            [ entry ]
        else
            fail "is neither a folder nor a .safetensors or .npy file"

    /// The files that a list of files, folders and patterns stands for, in its order; each may come once.
    let expand (entries: string list) : string list =
        let files = List.collect ofEntry entries

        match
            files |> List.countBy Path.GetFullPath |> List.tryFind (fun (_, count) -> count > 1)
        with
        | Some(file, count) -> raise (BadInput(file, $"is named {count} times"))
        | None -> files
