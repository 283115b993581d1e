module SynthSae.Tests.Spec.ReferenceFilesTests

open System.IO
open System.Text.Json.Nodes
open Xunit
open SynthSae.Spec
open SynthSae.Tests

let private text name = File.ReadAllText(Oracles.path name)

[<Theory>]
[<InlineData "model">]
[<InlineData "small_model">]
let ``a model of the reference is read, and written back byte for byte`` folder =
    let config = text $"{folder}/synthetic_model_config.json"
    let hierarchy = text $"{folder}/hierarchy.json"

    Assert.Equal(
        Ok config,
        SyntheticModelSpec.ofJson config |> Result.map SyntheticModelSpec.toJson
    )

    Assert.Equal(Ok hierarchy, Hierarchy.ofJson hierarchy |> Result.map Hierarchy.toJson)

[<Theory>]
[<InlineData "model">]
[<InlineData "small_model">]
let ``the trees of a model of the reference are valid as an explicit hierarchy`` folder =
    let spec = text $"{folder}/synthetic_model_config.json" |> SyntheticModelSpec.ofJson
    let roots = text $"{folder}/hierarchy.json" |> Hierarchy.ofJson

    match spec, roots with
    | Ok spec, Ok roots ->
        let explicit =
            { spec with
                Hierarchy = Some(Hierarchy.Explicit(roots, true)) }

        Assert.True(Result.isOk (SyntheticModelSpec.validate explicit))
    | _ -> failwith $"{spec} {roots}"

[<Fact>]
let ``the training configuration of a TopK SAE of the reference is read`` () =
    let expected = { SaeSpec.topK 48 5 with DIn = Some 24 }
    Assert.Equal(Ok expected, SaeSpec.ofJson (text "saes_training/topk/cfg.json"))

[<Fact>]
let ``the training configuration of a BatchTopK SAE of the reference is read`` () =
    let expected = { SaeSpec.batchTopK 48 5.0 with DIn = Some 24 }
    Assert.Equal(Ok expected, SaeSpec.ofJson (text "saes_training/batchtopk/cfg.json"))

let private modelOf name =
    Presets.tryFind name |> Option.bind (fun preset -> RunSpec.model preset.Run)

let private recorded file =
    (JsonNode.Parse(text file)["config"]).ToJsonString() |> SyntheticModelSpec.ofJson

[<Fact>]
let ``the small preset is the small world that the reference was measured on`` () =
    Assert.Equal(recorded "oracle-small.json" |> Result.toOption, modelOf "small")

[<Fact>]
let ``the benchmark preset is the world whose statistics the reference recorded`` () =
    // The recording notes that it orthogonalised with the benchmark's settings in a step of its own.
    let withoutSteps =
        modelOf "synth-sae-bench-16k" |> Option.map (fun m -> { m with Orthogonalization = None })

    Assert.Equal(recorded "oracle-16k.json" |> Result.toOption, withoutSteps)

[<Fact>]
let ``fields that mean nothing here are left out of a configuration of training, and named`` () =
    let text = "{\"architecture\": \"topk\", \"d_sae\": 8, \"k\": 2, \"noise\": 1, \"ghost\": {}}"

    match SaeSpec.ofReferenceJson text with
    | Ok(spec, strangers) ->
        Assert.Equal(SaeSpec.topK 8 2, spec)
        Assert.Equal<string list>([ "noise"; "ghost" ], strangers)
    | Error errors -> failwith $"{errors}"

    match SaeSpec.ofReferenceJson (text.Replace("\"k\": 2", "\"k\": \"two\"")) with
    | Error [ error ] -> Assert.Equal("k", error.Path)
    | other -> failwith $"{other}"
