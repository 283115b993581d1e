// Prints one frame of the dashboard at a given size, as text without colours: the list of runs, or one run with its
// curves.
//
//   dotnet fsi scripts/frame.fsx [RUNS FOLDER] [COLUMNSxROWS] [RUN] [--ascii]
//   dotnet fsi scripts/frame.fsx runs 120x40 last

#load "load.fsx"

#r "synthsae.dll"

open System
open SynthSae
open SynthSae.Compute

let flags, names =
    Script.arguments |> List.partition (fun argument -> argument.StartsWith "--")

let size (text: string) =
    let numbers = text.Split 'x' |> Array.map Int32.TryParse

    match numbers with
    | [| (true, columns); (true, rows) |] when columns > 0 && rows > 0 -> columns, rows
    | _ -> raise (BadInput("argument 2", $"'{text}' is not a size such as 80x24"))

Script.run (fun () ->
    for flag in flags do
        // There never are colours.
        if flag <> "--ascii" && flag <> "--no-color" then
            raise (BadInput(flag, "is not known: there are --ascii and --no-color"))

    let ascii = List.contains "--ascii" flags
    let folder = names |> List.tryItem 0 |> Option.defaultValue "runs"
    let columns, rows = names |> List.tryItem 1 |> Option.defaultValue "80x24" |> size

    let frame =
        try
            match List.tryItem 2 names with
            // dotnet fsi would take @last for a file of its own options.
            | Some "last" -> DashboardFrame.OfRun(folder, "@last", columns, rows, ascii)
            | Some run -> DashboardFrame.OfRun(folder, run, columns, rows, ascii)
            | None -> DashboardFrame.OfRuns(folder, columns, rows, ascii)
        with :? SynthSaeException as error ->
            raise (BadInput(error.Place, error.Problem))

    printfn "%s" frame)
