module SynthSae.Tests.Shell.RunTests

open System.IO
open System.Threading
open System.Threading.Tasks
open SynthSae.Compute
open SynthSae.Runs
open SynthSae.Tests
open Xunit

let private fast = [ "--cache"; "none"; "--eval-samples"; "4k" ]

let private tiny (folder: string) (more: string list) =
    Cli.run ([ "run"; "tiny"; "--out"; folder ] @ fast @ more)

let private weights (folder: string) =
    File.ReadAllBytes(Path.Combine(folder, "sae", "sae_weights.safetensors"))

[<Fact>]
let ``a run leaves its specification, its events, its SAE and its results`` () =
    use folder = new TemporaryFolder()
    let run = folder.File "run"
    let outcome = tiny run []
    Assert.Equal(0, outcome.Code)
    Assert.Contains("MCC", outcome.Out)
    Assert.Contains(run, outcome.Out)

    for file in
        [ "run.json"
          "events.jsonl"
          "result.json"
          "latents.csv"
          "features.csv"
          "recovery.json"
          "sae/cfg.json"
          "sae/sae_weights.safetensors" ] do
        Assert.True(File.Exists(Path.Combine(run, file)), file)

    let description = Cli.json (File.ReadAllText(Path.Combine(run, "run.json")))
    Assert.Equal(16, (Cli.at "spec/sae/d_sae" description).GetValue<int>())
    Assert.True((Cli.at "machine/cores" description).GetValue<int>() > 0)

    let events =
        File.ReadAllLines(Path.Combine(run, "events.jsonl"))
        |> Array.map (fun line -> (Cli.at "event" (Cli.json line)).GetValue<string>())

    Assert.Equal("started", events[0])
    Assert.Equal("finished", events[events.Length - 1])
    Assert.Contains("step", events)
    Assert.Contains("saved", events)
    Assert.Contains("evaluation", events)
    Assert.Equal(17, File.ReadAllLines(Path.Combine(run, "latents.csv")).Length)

[<Fact>]
let ``with --json standard output is one object with metrics, errors and times`` () =
    use folder = new TemporaryFolder()
    let outcome = tiny (folder.File "run") [ "--json"; "--set"; "eval_frequency=20" ]
    Assert.Equal(0, outcome.Code)
    let result = Cli.json outcome.Out
    Assert.Equal("finished", (Cli.at "status" result).GetValue<string>())

    for form in [ "training_form"; "saved_form" ] do
        for metric in
            [ "f1_score"
              "mcc"
              "uniqueness"
              "explained_variance"
              "precision"
              "recall"
              "accuracy"
              "sae_l0"
              "true_l0"
              "dead_latents"
              "shrinkage"
              "mse" ] do
            for part in [ "value"; "standard_error" ] do
                let value = (Cli.at $"evaluation/{form}/{metric}/{part}" result).GetValue<float>()
                Assert.True(System.Double.IsFinite value)

    for part in [ "world"; "sample"; "step"; "evaluation"; "saving"; "total" ] do
        Assert.True((Cli.at $"timing/seconds/{part}" result).GetValue<float>() >= 0.0)

    Assert.True((Cli.at "timing/samples_per_second" result).GetValue<float>() > 0.0)
    Assert.Equal(File.ReadAllText(folder.File "run/result.json"), outcome.Out)

[<Fact>]
let ``the same seed gives the same bits on any number of threads`` () =
    use folder = new TemporaryFolder()

    let scores threads =
        let run = folder.File $"run{threads}"
        let outcome = tiny run [ "--seed"; "5"; "--threads"; string threads; "--json" ]
        Assert.Equal(0, outcome.Code)
        weights run, (Cli.at "evaluation" (Cli.json outcome.Out)).ToJsonString()

    let oneWeights, oneScores = scores 1
    let threeWeights, threeScores = scores 3
    Assert.Equal<byte>(oneWeights, threeWeights)
    Assert.Equal(oneScores, threeScores)

[<Fact>]
let ``another seed gives another SAE`` () =
    use folder = new TemporaryFolder()
    tiny (folder.File "a") [ "--seed"; "1" ] |> ignore
    tiny (folder.File "b") [ "--seed"; "2" ] |> ignore
    Assert.NotEqual<byte>(weights (folder.File "a"), weights (folder.File "b"))

[<Fact>]
let ``a run is repeated from its folder, with its changes`` () =
    use folder = new TemporaryFolder()
    tiny (folder.File "a") [ "--set"; "sae.k=2"; "--samples"; "10_240" ] |> ignore
    let outcome = Cli.run [ "run"; folder.File "a"; "--out"; folder.File "b"; "--cache"; "none" ]
    Assert.Equal(0, outcome.Code)
    Assert.Equal<byte>(weights (folder.File "a"), weights (folder.File "b"))

    let again =
        Cli.run [ "run"; folder.File "b/run.json"; "--out"; folder.File "c"; "--cache"; "none" ]

    Assert.Equal(0, again.Code)
    Assert.Equal<byte>(weights (folder.File "a"), weights (folder.File "c"))

[<Fact>]
let ``runs without a folder of their own get names that sort by time`` () =
    use folder = new TemporaryFolder()

    for _ in 1..2 do
        let outcome = Cli.run ([ "run"; "tiny"; "--runs"; folder.Path; "--quiet" ] @ fast)
        Assert.Equal(0, outcome.Code)
        Assert.Equal("", outcome.Error)

    let names = Directory.GetDirectories folder.Path |> Array.map Path.GetFileName
    Assert.Equal(2, names.Length)

    for name in names do
        Assert.Matches(@"^\d{8}-\d{6}-tiny-batchtopk-16-k3(-2)?$", name)

[<Fact>]
let ``of runs that begin at once, one has the folder, and each has a name`` () =
    use folder = new TemporaryFolder()

    let atOnce (claim: unit -> RunFolder) =
        use start = new Barrier(4)

        let attempt _ =
            start.SignalAndWait()

            try
                Some (claim ()).Path
            with BadInput _ ->
                None

        let threads =
            [| for _ in 1..4 ->
                   Task.Factory.StartNew(attempt, null, TaskCreationOptions.LongRunning) |]

        threads |> Array.choose (fun thread -> thread.Result)

    for round in 1..50 do
        let path = folder.File $"one{round}"
        Assert.Equal<string>([| path |], atOnce (fun () -> RunFolder.CreateAt path))
        let names = atOnce (fun () -> RunFolder.CreateIn(folder.File "many", $"run{round}"))
        Assert.Equal(4, (Array.distinct names).Length)

[<Fact>]
let ``a finished run is scored again with the same figures`` () =
    use folder = new TemporaryFolder()
    let first = Cli.json (tiny (folder.File "run") [ "--json" ]).Out

    let again =
        Cli.run [ "eval"; folder.File "run"; "--samples"; "4k"; "--json"; "--cache"; "none" ]

    Assert.Equal(0, again.Code)

    Assert.Equal(
        (Cli.at "evaluation/saved_form" first).ToJsonString(),
        (Cli.at "evaluation" (Cli.json again.Out)).ToJsonString()
    )

[<Fact>]
let ``a run that fails says so in its events`` () =
    use folder = new TemporaryFolder()
    let missing = folder.File "no-such-model"
    let outcome = tiny (folder.File "run") [ "--set"; $"synthetic_model={missing}" ]
    Assert.Equal(2, outcome.Code)
    let events = File.ReadAllLines(folder.File "run/events.jsonl")
    Assert.Contains("\"failed\"", events[events.Length - 1])
    Assert.Contains("no-such-model", events[events.Length - 1])

[<Fact>]
let ``a run on a model folder finds it again from anywhere`` () =
    use folder = new TemporaryFolder()
    let model = Oracles.path "model"
    let near = Path.GetRelativePath(Directory.GetCurrentDirectory(), model)
    let outcome = tiny (folder.File "run") [ "--set"; $"synthetic_model={near}" ]
    Assert.Equal(0, outcome.Code)
    let description = Cli.json (File.ReadAllText(folder.File "run/run.json"))
    Assert.Equal(model, (Cli.at "spec/synthetic_model" description).GetValue<string>())

[<Fact>]
let ``an SAE of another dimension than its model folder is refused`` () =
    use folder = new TemporaryFolder()
    let model = Oracles.path "model"
    let changes = [ "--set"; $"synthetic_model={model}"; "--set"; "sae.d_in=7" ]
    let outcome = tiny (folder.File "run") changes
    Assert.Equal(2, outcome.Code)
    Assert.Contains("sae.d_in: must be hidden_dim 24 (got 7)", outcome.Error)
