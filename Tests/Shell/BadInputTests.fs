module SynthSae.Tests.Shell.BadInputTests

open System.IO
open SynthSae.Tests
open Xunit

/// Exit code 2, nothing on standard output, no stack trace.
let private refused args =
    let outcome = Cli.run args
    Assert.Equal(2, outcome.Code)
    Assert.Equal("", outcome.Out)
    Assert.DoesNotContain("   at ", outcome.Error)
    outcome.Error

[<Fact>]
let ``an unknown preset is answered with the nearest`` () =
    Assert.Contains("did you mean \"small\"?", refused [ "run"; "smal" ])

    Assert.Contains(
        "did you mean \"synth-sae-bench-16k\"?",
        refused [ "inspect"; "synth-sae-bench16k" ]
    )

[<Fact>]
let ``an unknown command or option is answered with the nearest`` () =
    Assert.Contains("did you mean \"run\"?", refused [ "rn" ])
    Assert.Contains("did you mean \"--samples\"?", refused [ "run"; "tiny"; "--sample=3" ])

[<Fact>]
let ``an unknown field is answered with its path and the nearest`` () =
    let error = refused [ "run"; "tiny"; "--set"; "sae.d_sea=8" ]
    Assert.Contains("sae.d_sea", error)
    Assert.Contains("d_sae", error)

[<Fact>]
let ``all errors are told at once, each with path, rule and value`` () =
    let error =
        refused
            [ "run"
              "tiny"
              "--set"
              "sae.d_sae=0"
              "--set"
              "lr=-1"
              "--set"
              "synthetic_model.num_features=0" ]

    Assert.Contains("sae.d_sae: must be", error)
    Assert.Contains("lr: must be greater than 0 (got -1)", error)
    Assert.Contains("synthetic_model.num_features: must be", error)

[<Fact>]
let ``counts that are none are refused, all in one go`` () =
    let error = refused [ "run"; "tiny"; "--samples"; "1.5"; "--seed"; "-3" ]
    Assert.Contains("--samples: must be a whole number", error)
    Assert.Contains("--seed: must be a whole number", error)

[<Fact>]
let ``a file that is not JSON is refused with its name`` () =
    use folder = new TemporaryFolder()
    let file = folder.File "spec.json"
    File.WriteAllText(file, "{ \"sae\": ")
    Assert.Contains("spec.json", refused [ "run"; file ])
    Assert.Contains("spec.json", refused [ "inspect"; file ])
    Assert.Contains("spec.json", refused [ "sample"; file ])

[<Fact>]
let ``a field given twice is refused by its name`` () =
    use folder = new TemporaryFolder()
    let file = folder.File "spec.json"
    File.WriteAllText(file, """{"synthetic_model": "tiny", "seed": 1, "seed": 2}""")
    Assert.Contains("seed: is given 2 times", refused [ "run"; file ])
    Assert.Contains("seed: is given 2 times", refused [ "inspect"; file ])

[<Fact>]
let ``an SAE larger than any array is refused before anything is computed`` () =
    use folder = new TemporaryFolder()

    let error =
        refused
            [ "run"
              "tiny"
              "--quiet"
              "--cache"
              "none"
              "--set"
              "sae.d_sae=2000000000"
              "--force-memory"
              "--out"
              folder.File "run" ]

    Assert.Contains("2000000000", error)

[<Fact>]
let ``a folder that holds something else is refused`` () =
    use folder = new TemporaryFolder()
    Assert.Contains("is no run, model or SAE", refused [ "inspect"; folder.Path ])
    Assert.Contains("is no run, model or SAE", refused [ "sample"; folder.Path ])

[<Fact>]
let ``a run never writes into a folder with other files`` () =
    use folder = new TemporaryFolder()
    File.WriteAllText(folder.File "precious", "1")
    Assert.Contains("is not empty", refused [ "run"; "tiny"; "--out"; folder.Path ])
    Assert.Equal<string>([ folder.File "precious" ], Directory.GetFileSystemEntries folder.Path)

[<Fact>]
let ``a run folder that cannot be made is told in one line`` () =
    use folder = new TemporaryFolder()
    File.WriteAllText(folder.File "file", "")
    let error = refused [ "run"; "tiny"; "--out"; folder.File "file/run" ]
    Assert.Contains("the folder cannot be made", error)
    Assert.DoesNotContain(" : '", error) // the system's own repetition of the path
    Assert.Equal(1, error.Trim().Split('\n').Length)

[<Fact>]
let ``a run that cannot fit into memory is refused with the figures`` () =
    use folder = new TemporaryFolder()
    let out = folder.File "run"

    let error = refused [ "run"; "small"; "--quiet"; "--out"; out; "--set"; "sae.d_sae=30000000" ]

    Assert.Contains("memory: about ", error)
    Assert.Contains(" are needed (data ", error)
    Assert.Contains(" are free; --force-memory tries nevertheless", error)
    Assert.Equal(1, error.Trim().Split('\n').Length)

[<Fact>]
let ``scoring a bare SAE folder asks for the model`` () =
    Assert.Contains("--model", refused [ "eval"; Oracles.path "saes/topk" ])

[<Fact>]
let ``an SAE of another dimension than the model is refused`` () =
    let error = refused [ "eval"; Oracles.path "saes/topk"; "--model"; "tiny"; "--cache"; "none" ]
    Assert.Contains("R^24", error)
    Assert.Contains("R^16", error)

[<Fact>]
let ``a damaged SAE folder is refused`` () =
    use folder = new TemporaryFolder()

    for file in Directory.GetFiles(Oracles.path "saes/topk") do
        File.Copy(file, folder.File(Path.GetFileName file))

    use weights = File.OpenWrite(folder.File "sae_weights.safetensors")
    weights.SetLength(weights.Length / 2L)
    weights.Dispose()
    Assert.Contains("sae_weights.safetensors", refused [ "inspect"; folder.Path ])
