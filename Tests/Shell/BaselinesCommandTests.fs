module SynthSae.Tests.Shell.BaselinesCommandTests

open SynthSae.Tests
open Xunit

let private baselines (args: string list) =
    let sizes = [ "--samples"; "2k"; "--fit-samples"; "300"; "--cache"; "none" ]
    Cli.run ([ "baselines"; "tiny" ] @ sizes @ args)

[<Fact>]
let ``baselines are told in a table and as JSON`` () =
    let words = baselines []
    Assert.Equal((0, ""), (words.Code, words.Error))
    Assert.Contains("First 16 of 32 features of tiny, 2,000 samples", words.Out)
    let json = Cli.json (baselines [ "--json" ]).Out
    Assert.Equal(16, (Cli.at "width" json).GetValue<int>())
    let rows = (Cli.at "baselines" json).AsArray() |> Seq.toList
    Assert.Equal(SynthSae.Core.Baselining.Names.Count, rows.Length)

    for row in rows do
        let name = (Cli.at "name" row).GetValue<string>()
        let f1 = Cli.at "evaluation/f1_score" row
        let value = (Cli.at "value" f1).GetValue<float>()
        let error = (Cli.at "standard_error" f1).GetValue<float>()
        let line = words.Out.Split '\n' |> Array.find (fun line -> line.StartsWith(name + " "))
        Assert.Contains(SynthSae.Formatting.Numbers.Concise(value, error), line)
        // A probe reconstructs nothing.
        let explained = (row.AsObject()["evaluation"]).AsObject().ContainsKey "explained_variance"
        Assert.Equal(not (name.StartsWith "probe"), explained)

[<Fact>]
let ``names and sizes that cannot be are refused`` () =
    for args, problem in
        [ [ "--only"; "lda,nothing" ], "there is no nothing"
          [ "--width"; "33" ], "width: is 33, must be from 1 to 32"
          [ "--width"; "3G" ], "--width: must be at most"
          [ "--fit-samples"; "5" ], "fit samples: is 5" ] do
        let outcome = Cli.run ([ "baselines"; "tiny"; "--cache"; "none" ] @ args)
        Assert.Equal((2, ""), (outcome.Code, outcome.Out))
        Assert.Contains(problem, outcome.Error)

[<Fact>]
let ``an SAE's F1 is seen between baselines`` () =
    use folder = new TemporaryFolder()
    let out = folder.File "run"
    let run = Cli.run [ "run"; "tiny"; "--out"; out; "--quiet"; "--cache"; "none" ]
    Assert.Equal(0, run.Code)

    let eval (args: string list) =
        let outcome = Cli.run ([ "eval"; out; "--samples"; "2k"; "--cache"; "none" ] @ args)
        Assert.Equal((0, ""), (outcome.Code, outcome.Error))
        outcome.Out

    let json = Cli.json (eval [ "--baselines"; "--json" ])

    let figure path part =
        (Cli.at part (Cli.at path json)).GetValue<float>()

    let rows = (Cli.at "baselines" json).AsArray()

    let f1 (index: int) part =
        (Cli.at $"evaluation/f1_score/{part}" rows[index]).GetValue<float>()

    let sae = figure "evaluation/f1_score"
    let low, high = f1 0, f1 1
    let relative = figure "oracle_relative_f1"
    let range = high "value" - low "value"
    Assert.True(range > 0.05)
    Assert.Equal((sae "value" - low "value") / range, relative "value", 1e-12)
    // The SAE's own share of the error alone.
    Assert.True(relative "standard_error" > sae "standard_error" / range)
    Assert.Contains($"tied has an F1 of", eval [ "--baselines" ])
    Assert.DoesNotContain("tied", eval [])
