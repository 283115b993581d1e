module SynthSae.Tests.Shell.PruneTests

open System.IO
open System.Text.Json.Nodes
open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

let private fast = [ "--cache"; "none"; "--eval-samples"; "4k" ]

let private tiny (folder: string) (more: string list) =
    let outcome = Cli.run ([ "run"; "tiny"; "--out"; folder ] @ fast @ more)
    Assert.Equal(0, outcome.Code)
    outcome

let private eval (sae: string) (more: string list) =
    let args = [ "eval"; sae; "--samples"; "4k"; "--json"; "--cache"; "none" ] @ more
    let outcome = Cli.run args
    Assert.Equal(0, outcome.Code)
    Cli.json outcome.Out

let private text path node = (Cli.at path node).ToJsonString()

let private metadata (run: string) =
    let config = Cli.json (File.ReadAllText(Path.Combine(run, "sae", "cfg.json")))
    (Cli.at "metadata" config).AsObject()

[<Fact>]
let ``a run scores the pruned SAE besides, and its folder keeps the threshold`` () =
    use folder = new TemporaryFolder()
    let run = folder.File "run"
    let result = Cli.json (tiny run [ "--json"; "--set"; "eval_pruning=1.5" ]).Out
    Assert.Equal("1.5", text "evaluation/pruning/threshold" result)
    Assert.Equal("\"given\"", text "evaluation/pruning/origin" result)
    let saved = metadata run
    Assert.Equal(1.5, saved["pruning_threshold"].GetValue<float>())

    let l0 form =
        (Cli.at $"evaluation/{form}/sae_l0/value" result).GetValue<float>()

    Assert.True(l0 "pruned_form" < l0 "saved_form")

    let events = File.ReadAllText(Path.Combine(run, "events.jsonl"))
    Assert.Contains("\"event\":\"pruning\"", events)
    Assert.Contains("\"form\":\"pruned\"", events)

    for wish, form in
        [ [], "saved_form"
          [ "--prune"; "off" ], "saved_form"
          [ "--prune"; "auto" ], "pruned_form"
          [ "--prune"; "1.5" ], "pruned_form" ] do
        Assert.Equal(text $"evaluation/{form}" result, text "evaluation" (eval run wish))

    Assert.Equal("\"saved\"", text "pruning/origin" (eval run [ "--prune"; "auto" ]))
    Assert.Contains("pruned below 1.5", (Cli.run [ "inspect"; Path.Combine(run, "sae") ]).Out)

[<Fact>]
let ``the printed result has a column for the pruned SAE, and says below what it is pruned`` () =
    use folder = new TemporaryFolder()
    let out = (tiny (folder.File "run") [ "--set"; "eval_pruning=1.5" ]).Out
    Assert.Matches(@"(?m)^metric +trained +saved +pruned +what it means", out)
    Assert.Contains("Pruned below 1.5", out)
    Assert.Contains("pruned below 1.5", (Cli.run [ "inspect"; folder.File "run" ]).Out)

[<Fact>]
let ``a run that does not ask for pruning says nothing of it`` () =
    use folder = new TemporaryFolder()
    let run = folder.File "run"
    let outcome = tiny run []
    Assert.DoesNotContain("prun", outcome.Out)
    Assert.False((metadata run).ContainsKey "pruning_threshold")
    let result = Cli.json (File.ReadAllText(Path.Combine(run, "result.json")))
    let evaluation = (Cli.at "evaluation" result).AsObject()
    Assert.Null evaluation["pruned_form"]
    Assert.Null evaluation["pruning"]

[<Fact>]
let ``with auto a run finds the threshold, on any number of threads, or says that there is none``
    ()
    =
    use folder = new TemporaryFolder()

    let found threads =
        let run = folder.File $"run{threads}"
        let more = [ "--json"; "--set"; "eval_pruning=auto"; "--threads"; string threads ]
        let result = Cli.json (tiny run more).Out
        let evaluation = (Cli.at "evaluation" result).AsObject()
        Assert.Equal("\"found\"", text "pruning/origin" evaluation)
        let pruning = evaluation["pruning"].AsObject()
        let threshold = pruning["threshold"]
        let saved = metadata run
        Assert.Equal(isNull threshold, isNull evaluation["pruned_form"])

        Assert.True(
            JsonNode.DeepEquals(threshold, saved["pruning_threshold"]),
            "the SAE's folder has another threshold than the result"
        )

        evaluation.ToJsonString()

    Assert.Equal(found 1, found 3)

/// 12 orthogonal features of magnitudes 3 ± 0.3, and the SAE of their directions in which every latent fires always.
let private world =
    { HandMadeWorlds.plain 12 12 with
        MeanMagnitude = Array.create 12 3.0f
        StdMagnitude = Array.create 12 0.3f }

let private eager: Sae =
    Sae.create
        (Matrix.copy world.Dictionary)
        (Matrix.copy world.Dictionary)
        (Array.create 12 1.0f)
        (Array.copy world.Bias)
        Activation.Relu

[<Fact>]
let ``encode finds the threshold on its input, unless the folder has one`` () =
    use folder = new TemporaryFolder()
    let sae, input, output = folder.File "sae", folder.File "x", folder.File "f"
    let truth, x = Codes 12, Matrix(3000, 12)
    (Sampler.create Backend.cpu world).Sample(Stream.Inspection, 0L, truth, x)
    Safetensors.write input [] [ "x", Tensor.Matrix x ]

    let encoded metadata wish =
        SaeFolder.write sae metadata eager
        let files = [ "--input"; input; "--output"; output ]
        let outcome = Cli.run ([ "encode"; sae ] @ files @ wish)
        Assert.Equal(0, outcome.Code)
        use file = Safetensors.read output
        (Codes.ofDense (file.Matrix "f")).Count, outcome.Error

    let all, silent = encoded (JsonObject()) []
    Assert.Equal(3000 * 12, all)
    Assert.DoesNotContain("prun", silent)
    let pruned, said = encoded (JsonObject()) [ "--prune"; "auto" ]
    Assert.Equal(truth.Count, pruned)
    Assert.Contains("pruned below", said)
    let none = JsonObject()
    none["pruning_threshold"] <- null
    Assert.Equal(3000 * 12, fst (encoded none [ "--prune"; "auto" ]))
    let most = JsonObject()
    most["pruning_threshold"] <- JsonValue.Create 1e6
    Assert.Equal(0, fst (encoded most [ "--prune"; "auto" ]))
    Assert.Equal(truth.Count, fst (encoded most [ "--prune"; "0.5" ]))

[<Fact>]
let ``a wish that is no number, and a folder whose threshold is none, are refused`` () =
    use folder = new TemporaryFolder()

    for wish in [ "best"; "NaN"; "infinity"; "" ] do
        let outcome = Cli.run [ "eval"; "runs"; "--prune"; wish ]
        Assert.Equal(2, outcome.Code)
        Assert.Contains("--prune", outcome.Error)

    let broken = JsonObject()
    broken["pruning_threshold"] <- JsonValue.Create "low"
    SaeFolder.write (folder.File "sae") broken eager
    let outcome = Cli.run [ "eval"; folder.File "sae"; "--model"; "tiny" ]
    Assert.Equal(2, outcome.Code)
    Assert.Contains("metadata.pruning_threshold: must be a number or null (got low)", outcome.Error)

[<Fact>]
let ``an SAE of another dimension than the model is refused before a threshold is looked for`` () =
    use folder = new TemporaryFolder()
    SaeFolder.write (folder.File "sae") (JsonObject()) eager

    let outcome =
        Cli.run
            [ "eval"; folder.File "sae"; "--model"; "tiny"; "--prune"; "auto"; "--cache"; "none" ]

    Assert.Equal(2, outcome.Code)
    Assert.Contains("reads R^12", outcome.Error)
