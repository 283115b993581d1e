module SynthSae.Tests.Shell.ConvertTests

open System.IO
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

let private convert (args: string list) = Cli.run ("convert" :: args)

[<Fact>]
let ``a checkpoint is converted, and what changed is said`` () =
    use folder = new TemporaryFolder()
    let source, target = Oracles.path "saes_training/batchtopk", folder.File "sae"
    let outcome = convert [ source; target ]
    Assert.Equal((0, ""), (outcome.Code, outcome.Error))
    Assert.Contains($"read {source}: batchtopk, training form", outcome.Out)
    Assert.Contains($"wrote {target}: jumprelu, inference form", outcome.Out)
    Assert.Contains("are folded into the encoder", outcome.Out)
    SameSae.check (SaeFolder.read source).Inference (SaeFolder.read target).Sae

[<Fact>]
let ``with --json standard output is one object`` () =
    use folder = new TemporaryFolder()

    let outcome =
        convert
            [ Oracles.path "saes/gated"
              folder.File "sae"
              "--architecture"
              "jumprelu"
              "--fold"
              "--json" ]

    Assert.Equal((0, ""), (outcome.Code, outcome.Error))
    let result = Cli.json outcome.Out
    let text path = (Cli.at path result).GetValue<string>()
    Assert.Equal("gated", text "from/architecture")
    Assert.Equal("jumprelu", text "to/architecture")
    Assert.Equal("inference", text "to/form")
    Assert.Equal(folder.File "sae", text "to/folder")
    Assert.Equal(2, (Cli.at "changes" result).AsArray().Count)

[<Fact>]
let ``a folder that is there is refused without --force`` () =
    use folder = new TemporaryFolder()
    let target = folder.File "sae"
    Assert.Equal(0, (convert [ Oracles.path "saes/topk"; target ]).Code)
    let again = convert [ Oracles.path "saes/standard"; target ]
    Assert.Equal(2, again.Code)
    Assert.Contains("is not empty", again.Error)
    Assert.Contains("--force", again.Error)
    Assert.Equal("topk", (SaeFolder.read target).Config.Architecture)
    Assert.Equal(0, (convert [ Oracles.path "saes/standard"; target; "--force" ]).Code)
    Assert.Equal("standard", (SaeFolder.read target).Config.Architecture)

[<Fact>]
let ``a run is converted to an SAE in training form`` () =
    use folder = new TemporaryFolder()
    let run, target = folder.File "run", folder.File "sae"

    let outcome =
        Cli.run
            [ "run"; "tiny"; "--out"; run; "--quiet"; "--samples"; "2k"; "--eval-samples"; "1k" ]

    Assert.Equal(0, outcome.Code)
    Assert.Equal(0, (convert [ run; target; "--form"; "training" ]).Code)
    let found = SaeFolder.read target
    Assert.Equal(SaeForm.Training, found.Config.Form)
    SameSae.check (SaeFolder.read (Path.Combine(run, "sae"))).Sae found.Sae
    // Sparsity comes from the scores of the saved SAE.
    let sparsity = (SaeFolder.readSparsity target).Value
    Assert.Equal(found.Sae.Latents, sparsity.Length)

    let rates =
        File.ReadAllLines(Path.Combine(run, "latents.csv"))
        |> Array.map (fun line -> line.Split ',')

    let column = Array.findIndex ((=) "firing_rate") rates[0]

    Array.iter2
        (fun (row: string[]) (logarithm: float32) ->
            Assert.Equal(float row[column], 10.0 ** float logarithm, 1e-4))
        (Array.tail rates)
        sparsity

[<Theory>]
[<InlineData("standard", "ReLU: values above 0")>]
[<InlineData("topk", "TopK: the 5 largest")>]
[<InlineData("jumprelu", "JumpReLU: values above a threshold")>]
[<InlineData("gated", "magnitude scale")>]
[<InlineData("matching_pursuit", "matching pursuit: 5 iterations at most")>]
[<InlineData("matching_pursuit_stop", "until no new latent comes")>]
let ``inspect says how an SAE selects`` (name: string) (words: string) =
    let outcome = Cli.run [ "inspect"; Oracles.path $"saes/{name}" ]
    Assert.Equal((0, ""), (outcome.Code, outcome.Error))
    Assert.Contains(words, outcome.Out)

[<Fact>]
let ``inspect names the training form`` () =
    let outcome = Cli.run [ "inspect"; Oracles.path "saes_training/matryoshka_batchtopk" ]
    Assert.Contains("(matryoshka_batchtopk, training form, shown as it is used)", outcome.Out)
