/// Runs on activations in files.
module SynthSae.Tests.Shell.ActivationTests

open System
open System.IO
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

/// Files with 3,000 samples of a small world.
let private files (folder: TemporaryFolder) =
    let path = folder.File "acts"
    ShardFiles.ofTiny path 3000 |> ignore
    path

let private sae = [ "--set"; "sae.d_sae=32"; "--set"; "lr=0.01" ]

let private train (folder: TemporaryFolder) name (more: string list) =
    let acts = folder.File "acts"

    Cli.run (
        [ "run"
          "tiny"
          "--set"
          $"activations={acts}"
          "--samples"
          "20k"
          "--out"
          folder.File name ]
        @ sae
        @ more
    )

let private metrics = [ "explained_variance"; "sae_l0"; "dead_latents"; "shrinkage"; "mse" ]

[<Fact>]
let ``an SAE is trained and scored on files, without figures that need the truth`` () =
    use folder = new TemporaryFolder()
    files folder |> ignore
    let outcome = train folder "run" [ "--json"; "--set"; "eval_frequency=10" ]
    Assert.True(0 = outcome.Code, outcome.Error)
    let result = Cli.json outcome.Out
    Assert.Equal("acts", (Cli.at "name" result).GetValue<string>())

    for form in [ "training_form"; "saved_form" ] do
        let scores = (Cli.at $"evaluation/{form}" result).AsObject()
        // A twentieth is held out.
        Assert.Equal(150L, (Cli.at "samples" scores).GetValue<int64>())

        let names = [ for field in scores -> field.Key ]
        Assert.Equal<string list>([ "samples" ] @ metrics @ [ "density_histogram" ], names)

        for metric in metrics do
            Assert.True(Double.IsFinite((Cli.at $"{metric}/value" scores).GetValue<float>()))

        let density = Cli.at "density_histogram" scores
        let latents = (Cli.at "latents" density).AsArray() |> Seq.sumBy (fun n -> n.GetValue<int>())
        Assert.Equal(32, latents + (Cli.at "dead" density).GetValue<int>())

    let r2 = (Cli.at "evaluation/training_form/explained_variance/value" result).GetValue<float>()

    Assert.InRange(r2, 0.05, 1.0)
    let lines = File.ReadAllLines(folder.File "run/latents.csv")
    Assert.Equal("latent,firing_rate,dead", lines[0])
    Assert.Equal(33, lines.Length)

    let shown = train folder "again" []
    Assert.Contains("share of variance reconstructed", shown.Out)
    Assert.Contains("fires in", shown.Out)
    Assert.DoesNotContain("MCC", shown.Out)
    Assert.DoesNotContain("From F1", shown.Out)

    Assert.Equal<byte>(
        File.ReadAllBytes(folder.File "run/sae/sae_weights.safetensors"),
        File.ReadAllBytes(folder.File "again/sae/sae_weights.safetensors")
    )

    let inspected = (Cli.run [ "inspect"; folder.File "run" ]).Out
    Assert.Contains("2 files, 3,000 activations in R^", inspected)

[<Fact>]
let ``a run's SAE is scored again on its held-out rows, and on any files`` () =
    use folder = new TemporaryFolder()
    let acts = files folder
    let first = Cli.json (train folder "run" [ "--json" ]).Out
    let run = folder.File "run"

    let eval args =
        let outcome = Cli.run ([ "eval"; run; "--json" ] @ args)
        Assert.Equal(0, outcome.Code)
        Cli.json outcome.Out

    let again = eval []
    Assert.Equal(acts, (Cli.at "activations" again).GetValue<string>())

    Assert.Equal(
        (Cli.at "evaluation/saved_form" first).ToJsonString(),
        (Cli.at "evaluation" again).ToJsonString()
    )

    let samples args =
        (Cli.at "evaluation/samples" (eval args)).GetValue<int64>()

    Assert.Equal(3000L, samples [ acts ])
    Assert.Equal(1000L, samples [ Path.Combine(acts, "*.npy") ])
    let safetensors = Path.Combine(acts, "2.safetensors")
    Assert.Equal(500L, samples [ safetensors; "--samples"; "500"; "--tensor"; "acts" ])

    let refused args =
        let outcome = Cli.run ("eval" :: run :: args)
        Assert.Equal(2, outcome.Code)
        outcome.Error

    Assert.Contains("has no tensor 'x'", refused [ acts; "--tensor"; "x" ])

    Assert.Contains(
        "--model: cannot be given beside activations",
        refused [ acts; "--model"; "tiny" ]
    )

    Assert.Contains("--tensor: is for activations in files", refused [ "--tensor"; "x" ])

    Assert.Contains("--baselines: needs a synthetic model", refused [ acts; "--baselines" ])

    let other = folder.File "other.npy"
    Npy.write other (Matrix(4, 3))
    Assert.Contains("but the activations lie in R^3", refused [ other ])

[<Fact>]
let ``what cannot be trained on is refused, with its place`` () =
    use folder = new TemporaryFolder()
    let acts = files folder

    let refused name (more: string list) =
        let outcome = train folder name more
        Assert.Equal(2, outcome.Code)
        outcome.Error

    Assert.Contains(
        "activations.held_out: leaves nothing of 3000 rows to train on (got 3000)",
        refused "a" [ "--set"; "activations.held_out=3000" ]
    )

    Assert.Contains(
        "sae.d_in: must be the activations' dimension",
        refused "b" [ "--set"; "sae.d_in=7" ]
    )

    let bad = Matrix.init 1 16 (fun _ _ -> Single.NaN)
    Npy.write (Path.Combine(acts, "3.npy")) bad
    // The last row is held out, so that the run goes on until it is scored.
    let error = refused "c" []
    Assert.Contains("3.npy: holds NaN in row 0, column 0", error)

[<Fact>]
let ``a run goes on with the files that it began with, and no others`` () =
    use folder = new TemporaryFolder()
    let acts = files folder

    let args =
        [ "run"; "tiny"; "--set"; "activations=acts"; "--samples"; "10G"; "--out"; "run" ] @ sae

    let child = Cli.start folder.Path [] (args @ [ "--checkpoint-every"; "10" ])
    let checkpoints = folder.File "run/checkpoints"

    Cli.waitFor "a checkpoint" (fun () ->
        Directory.Exists checkpoints && Directory.GetFiles(checkpoints, "step-*").Length > 0)

    Cli.signal "INT" child
    Assert.Equal(130, (Cli.finish child).Code)

    let file = Path.Combine(acts, "1.npy")
    let bytes = File.ReadAllBytes file
    bytes[bytes.Length - 5] <- bytes[bytes.Length - 5] ^^^ 64uy
    File.WriteAllBytes(file, bytes)
    let outcome = Cli.run [ "run"; "--resume"; folder.File "run" ]
    Assert.Equal(2, outcome.Code)
    Assert.Contains($"{acts}: does not hold the data that the run began with", outcome.Error)

[<Fact>]
let ``npy files are encoded and decoded as safetensors are`` () =
    use folder = new TemporaryFolder()
    let sae, outputs = Oracles.path "saes/topk", Oracles.path "saes/topk/outputs.safetensors"
    let file name = folder.File name

    let transform command input output =
        let outcome = Cli.run [ command; sae; "--input"; input; "--output"; output ]
        Assert.Equal((0, ""), (outcome.Code, outcome.Out))

    let tensor (path: string) name =
        use file = Safetensors.read path
        (file.Matrix name).Span.ToArray()

    let array (path: string) =
        use file = Npy.read path
        file.Matrix().Span.ToArray()

    using (Safetensors.read outputs) (fun read -> Npy.write (file "x.npy") (read.Matrix "x"))
    transform "encode" outputs (file "f.safetensors")
    transform "encode" (file "x.npy") (file "f.npy")
    Assert.Equal<float32>(tensor (file "f.safetensors") "f", array (file "f.npy"))
    transform "decode" (file "f.safetensors") (file "y.safetensors")
    transform "decode" (file "f.npy") (file "y.npy")
    Assert.Equal<float32>(tensor (file "y.safetensors") "x", array (file "y.npy"))

    let refused = Cli.run [ "decode"; sae; "--input"; file "x.npy"; "--output"; file "z.npy" ]
    Assert.Equal(2, refused.Code)
    Assert.Contains("x.npy: the array has shape (", refused.Error)
