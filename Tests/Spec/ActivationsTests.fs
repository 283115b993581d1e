module SynthSae.Tests.Spec.ActivationsTests

open Xunit
open SynthSae.Spec

let private tiny = (Presets.tryFind "tiny" |> Option.get).Run

let private onFiles =
    { tiny with
        Data = DataSource.Activations(ActivationsSpec.create [ "acts" ]) }

let private valid run =
    match RunSpec.validate run with
    | Ok _ -> []
    | Error errors -> List.map string errors

let private set settings run =
    RunSpec.set settings run |> Result.mapError (List.map string)

let private read data =
    RunSpec.ofJson $"""{{{data}"sae": {{"architecture": "batchtopk", "d_sae": 16, "k": 3}}}}"""
    |> Result.map _.Data
    |> Result.mapError (List.map string)

[<Fact>]
let ``files may be given alone, as one text or as a list`` () =
    let files names =
        Ok(DataSource.Activations(ActivationsSpec.create names)): Result<_, string list>

    Assert.Equal(files [ "a" ], read "\"activations\": \"a\",")
    Assert.Equal(files [ "a"; "b/*.npy" ], read "\"activations\": [\"a\", \"b/*.npy\"],")
    Assert.Equal(files [ "a" ], read "\"activations\": {\"files\": \"a\"},")
    Assert.Equal(files [ "a" ], read "\"activations\": {\"files\": [\"a\"]},")

[<Fact>]
let ``held-out rows are a share below 1, or a number`` () =
    let heldOut text =
        match read $"\"activations\": {{\"files\": \"a\", \"held_out\": {text}}}," with
        | Ok(DataSource.Activations spec) -> spec.HeldOut
        | other -> failwith $"{other}"

    Assert.Equal(HeldOut.Share 0.25, heldOut "0.25")
    Assert.Equal(HeldOut.Rows 1L<sample>, heldOut "1")
    Assert.Equal(HeldOut.Rows 20000L<sample>, heldOut "2e4")
    Assert.Equal(HeldOut.Rows 0L<sample>, heldOut "0")

[<Fact>]
let ``a run has a synthetic model or activations, exactly one`` () =
    let error data =
        match read data with
        | Error [ error ] -> error
        | other -> failwith $"{other}"

    Assert.Equal("synthetic_model: is required, or activations", error "")

    Assert.Equal(
        "activations: cannot be given beside synthetic_model",
        error "\"synthetic_model\": \"small\", \"activations\": \"a\","
    )

[<Theory>]
[<InlineData("activations.files", "[]", "activations.files: must name at least one file (got [])")>]
[<InlineData("activations.files",
             "[\"a\", \"\"]",
             "activations.files[1]: must not be empty (got \"\")")>]
[<InlineData("activations.tensor", "\"\"", "activations.tensor: must not be empty (got \"\")")>]
[<InlineData("activations.buffer_rows", "0", "activations.buffer_rows: must be at least 1 (got 0)")>]
[<InlineData("activations.held_out",
             "-0.5",
             "activations.held_out: must be in [0, 1) or a number of rows (got -0.5)")>]
[<InlineData("activations.held_out",
             "1.5",
             "activations.held_out: must be in [0, 1) or a number of rows (got 1.5)")>]
[<InlineData("activations.held_out", "-3", "activations.held_out: must be at least 0 (got -3)")>]
let ``a broken rule is said with its path`` (path: string, value: string, error: string) =
    match set [ path, value ] onFiles with
    | Ok run -> Assert.Equal<string list>([ error ], valid run)
    | Error errors -> failwith $"{errors}"

[<Fact>]
let ``without held-out rows nothing can be scored`` () =
    let none settings =
        match set (("activations.held_out", "0") :: settings) onFiles with
        | Ok run -> valid run
        | Error errors -> failwith $"{errors}"

    Assert.StartsWith("activations.held_out: must be above 0 unless", Assert.Single(none []))
    Assert.Empty(none [ "run_final_eval", "false" ])
    Assert.Single(none [ "run_final_eval", "false"; "eval_frequency", "5" ]) |> ignore

[<Fact>]
let ``setting activations replaces the model, and setting a model the activations`` () =
    Assert.Equal(Ok onFiles, set [ "activations", "acts" ] tiny)
    Assert.Equal(Ok onFiles, set [ "activations.files", "acts" ] tiny)

    let named =
        { tiny with
            Data = DataSource.Synthetic(ModelSource.Named "small") }

    Assert.Equal(Ok named, set [ "synthetic_model", "small" ] onFiles)

    let buffered = { ActivationsSpec.create [ "acts" ] with BufferRows = 100 }
    let settings = [ "activations.buffer_rows", "100"; "activations", "acts" ]
    Assert.Equal(Ok { tiny with Data = DataSource.Activations buffered }, set settings tiny)

[<Fact>]
let ``an unknown field names the nearest`` () =
    match set [ "activations.bufer_rows", "1" ] onFiles with
    | Error [ error ] -> Assert.Contains("did you mean \"buffer_rows\"?", error)
    | other -> failwith $"{other}"
