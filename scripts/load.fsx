/// What the scripts share: the built program, their arguments, specifications, worlds and tables.
module Script

#load "built.fsx"

open System
open System.Globalization
open System.IO
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Spec

/// SIMD on every core.
let backend = Backend.cpu

/// What stands after the script's name on the command line.
let arguments = fsi.CommandLineArgs |> Array.skip 1 |> List.ofArray

/// One argument, or its default.
let argument (index: int) (otherwise: string) =
    arguments |> List.tryItem index |> Option.defaultValue otherwise

/// One argument that is a whole number above 0, or its default.
let count (index: int) (otherwise: int) =
    let text = argument index (string otherwise)

    match Int32.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) with
    | true, number when number > 0 -> number
    | _ -> raise (BadInput($"argument {index + 1}", $"'{text}' is not a whole number above 0"))

/// Run a script's body: bad input becomes one message on standard error and exit code 2.
let run (body: unit -> unit) =
    try
        body ()
    with BadInput _ as error ->
        eprintfn "%s" error.Message
        exit 2

/// The value, or all errors as bad input.
let orFail (place: string) (result: Result<'T, SpecError list>) =
    match result with
    | Ok value -> value
    | Error errors -> raise (BadInput(place, errors |> List.map string |> String.concat "\n  "))

/// The valid run of a preset, or of a specification in a file (docs/specs.md), with changed fields.
let specification (settings: (string * string) list) (name: string) : Valid<RunSpec> =
    let run =
        if File.Exists name then
            RunSpec.ofJson (FileErrors.readText name)
        else
            Presets.find name |> Result.map _.Run

    run |> Result.bind (RunSpec.set settings) |> Result.bind RunSpec.validate |> orFail name

/// The world that a run trains on: from the cache, compiled and put there, or read from a folder.
let rec world (run: RunSpec) : World =
    match run.Data with
    | DataSource.Synthetic(ModelSource.Spec model) ->
        let valid = SyntheticModelSpec.validate model |> orFail "synthetic_model"
        WorldCache.getOrCompile None backend valid |> fst
    | DataSource.Synthetic(ModelSource.Named name) when Directory.Exists name ->
        ModelFolder.read name
    | DataSource.Synthetic(ModelSource.Named name) ->
        world (Presets.find name |> orFail "synthetic_model").Run
    | DataSource.Activations _ ->
        raise (BadInput("activations", "have no synthetic model behind them"))

/// Four significant digits.
let number (value: float) =
    value.ToString("G4", CultureInfo.InvariantCulture)

/// Print rows under their column names, every column but the first flush right.
let table (names: string list) (rows: string list list) =
    let widths = names :: rows |> List.transpose |> List.map (List.map String.length >> List.max)

    for row in names :: rows do
        let cells =
            (widths, row)
            ||> List.mapi2 (fun i width cell ->
                if i = 0 then cell.PadRight width else cell.PadLeft width)

        printfn "%s" ((String.concat "  " cells).TrimEnd())
