module SynthSae.Tests.Shell.PullTests

open System.IO
open SynthSae.Tests
open Xunit

/// The oracles' model and an SAE as a repository of the hub.
let private files =
    [ for file in Directory.GetFiles(Oracles.path "model") do
          yield Path.GetFileName file, File.ReadAllBytes file
      for file in [ "cfg.json"; "sae_weights.safetensors" ] do
          yield $"saes/topk/{file}", File.ReadAllBytes(Oracles.path $"saes/topk/{file}") ]

/// The hub, and a cache in the folder.
let private variables (hub: FakeHub) (folder: TemporaryFolder) =
    [ "HF_ENDPOINT", hub.Endpoint; "HF_HOME", folder.File "hf" ]

/// A command in a folder of its own.
let private command (hub: FakeHub) (folder: TemporaryFolder) args =
    Cli.spawn folder.Path (variables hub folder) args

let private pinned (hub: FakeHub) path = $"toy/things@{hub.Commit}{path}"

[<Fact>]
let ``pull says what it has brought and where it lies`` () =
    use hub = new FakeHub(files)
    use folder = new TemporaryFolder()
    let words = command hub folder [ "pull"; "toy/things" ]
    Assert.Equal((0, ""), (words.Code, words.Error))
    Assert.Contains("toy/things: a synthetic model", words.Out)
    Assert.Matches(@"synthetic_model\.safetensors +13\.2 KiB +fetched", words.Out)
    let outcome = command hub folder [ "pull"; "toy/things:saes/topk"; "--json" ]
    Assert.Equal((0, ""), (outcome.Code, outcome.Error))
    let json = Cli.json outcome.Out
    let text path = (Cli.at path json).GetValue<string>()
    Assert.Equal("sae", text "kind")
    Assert.Equal(hub.Commit, text "commit")
    Assert.Equal("main", text "revision")
    Assert.Equal(pinned hub ":saes/topk", text "name")
    let expected = $"hf/hub/models--toy--things/snapshots/{hub.Commit}/saes/topk"
    Assert.Equal(folder.File expected, text "folder")
    let listed = (Cli.at "files" json).AsArray()
    Assert.Equal(2, listed.Count)
    Assert.All(listed, (fun file -> Assert.True((Cli.at "fetched" file).GetValue<bool>())))

[<Fact>]
let ``what cannot be pulled is refused`` () =
    use hub = new FakeHub(files)
    use folder = new TemporaryFolder()

    let refused args =
        let outcome = command hub folder args
        Assert.Equal((2, ""), (outcome.Code, outcome.Out))
        Assert.Single(outcome.Error.Trim().Split '\n')

    Assert.Contains("there is no such repository", refused [ "pull"; "toy/other" ])
    Assert.Contains("owner/name", refused [ "pull"; "things" ])
    let error = refused [ "pull"; "toy/things@v1"; "--revision"; "v2" ]
    Assert.Contains("--revision", error)
    Assert.Contains("did you mean \"saes/topk\"?", refused [ "inspect"; "toy/things:saes/topq" ])

    Assert.Contains(
        "a model, here or on the hub, is named in a run",
        refused [ "run"; "toy/things" ]
    )

    Assert.Contains("is an SAE", refused [ "sample"; "toy/things:saes/topk" ])
    Assert.False(Directory.Exists(folder.File "runs"))

[<Fact>]
let ``a full disk ends a pull in one line, and the next goes on`` () =
    let large = Array.init 400_000 (fun i -> byte (i / 3))
    use hub = new FakeHub([ "cfg.json", "{}"B; "sae_weights.safetensors", large ])
    use folder = new TemporaryFolder()
    let args = [ "pull"; "toy/things" ]

    let outcome = Cli.startOnSmallDisk folder.Path (variables hub folder) 200 args |> Cli.finish

    Assert.Equal((2, ""), (outcome.Code, outcome.Out))
    Assert.Single(outcome.Error.Trim().Split '\n') |> ignore
    Assert.Contains("cannot be written: File too large", outcome.Error)
    Assert.Equal(0, (command hub folder args).Code)
    let ranges = hub.Calls |> List.choose (fun call -> call.Headers.TryFind "range")
    Assert.All(ranges, (fun range -> Assert.Equal("bytes=204800-", range)))
    Assert.NotEmpty ranges

[<Fact>]
let ``a run on a model of the hub is the run on its folder, and names the commit`` () =
    use hub = new FakeHub(files)
    use folder = new TemporaryFolder()

    let run model out =
        let args =
            [ "run"
              "tiny"
              "--quiet"
              "--json"
              "--samples"
              "2048"
              "--eval-samples"
              "2048"
              "--out"
              out
              "--set"
              $"synthetic_model={model}" ]

        let outcome = command hub folder args
        Assert.Equal((0, ""), (outcome.Code, outcome.Error))
        (Cli.json outcome.Out |> Cli.at "evaluation").ToJsonString()

    Assert.Equal(run (Oracles.path "model") "local", run "toy/things" "pulled")
    let written = File.ReadAllText(folder.File "pulled/run.json") |> Cli.json
    Assert.Equal(pinned hub "", (Cli.at "spec/synthetic_model" written).GetValue<string>())
    // The run can be repeated when main has moved on, and without the hub.
    hub.Fault <- fun _ -> Some(FakeHub.Reply(500, [], ""))
    let again = command hub folder [ "run"; "pulled"; "--quiet"; "--out"; "again" ]
    Assert.Equal((0, ""), (again.Code, again.Error))

[<Fact>]
let ``commands take names of the hub where they take folders`` () =
    use hub = new FakeHub(files)
    use folder = new TemporaryFolder()
    let sae, local = "toy/things:saes/topk", Oracles.path "saes/topk"
    let input = Oracles.path "saes/topk/outputs.safetensors"

    let encoded name out =
        let outcome = command hub folder [ "encode"; name; "--input"; input; "--output"; out ]
        Assert.Equal(0, outcome.Code)
        File.ReadAllBytes(folder.File out)

    Assert.Equal<byte>(encoded local "a.safetensors", encoded sae "b.safetensors")
    let outcome = command hub folder [ "inspect"; sae ]
    Assert.Contains(pinned hub ":saes/topk: a sparse autoencoder", outcome.Out)
    let args = [ "eval"; sae; "--model"; "toy/things"; "--samples"; "2048"; "--json" ]
    let json = (command hub folder args).Out |> Cli.json
    Assert.Equal(pinned hub ":saes/topk", (Cli.at "sae" json).GetValue<string>())
    Assert.Equal(pinned hub "", (Cli.at "model" json).GetValue<string>())

[<Fact>]
let ``a folder that exists is taken before one of the hub`` () =
    use hub = new FakeHub(files)
    use folder = new TemporaryFolder()
    Directory.CreateDirectory(folder.File "toy/things") |> ignore

    for file in Directory.GetFiles(Oracles.path "model") do
        File.Copy(file, folder.File $"toy/things/{Path.GetFileName file}")

    let outcome = command hub folder [ "inspect"; "toy/things" ]
    Assert.Contains("toy/things: a synthetic model's folder", outcome.Out)
    // Nor is a slip in the name of a folder that exists a question for the hub.
    let outcome = command hub folder [ "inspect"; "toy/thing" ]
    Assert.Contains("there is no such preset, file or folder", outcome.Error)
    Assert.Empty hub.Calls
