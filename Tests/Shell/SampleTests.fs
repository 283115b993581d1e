module SynthSae.Tests.Shell.SampleTests

open System.IO
open SynthSae.Tests
open Xunit

let private sample (args: string list) =
    let outcome = Cli.run ([ "sample"; "tiny"; "--samples"; "4k"; "--cache"; "none" ] @ args)
    Assert.Equal((0, ""), (outcome.Code, outcome.Error))
    outcome.Out

[<Fact>]
let ``statistics of a world are told in words and as JSON`` () =
    let words = sample []
    Assert.Contains("active features (L0)", words)
    Assert.Contains("achieved / nominal rate", words)
    let json = Cli.json (sample [ "--json"; "--first"; "8" ])
    let number path = (Cli.at path json).GetValue<float>()
    let depths = (Cli.at "by_depth" json).AsArray()
    let active = depths |> Seq.sumBy (fun depth -> (Cli.at "active/mean" depth).GetValue<float>())
    Assert.Equal(number "true_l0/mean", active, 9)
    Assert.True(number "first_l0/mean" < number "true_l0/mean")
    Assert.True(number "superposition/mean_max_abs_cos_sim" < 1.0)

    Assert.Equal(
        number "total_variance",
        number "mean_squared_norm" - number "squared_norm_of_mean",
        9
    )

[<Fact>]
let ``every feature gets a line with its nominal and achieved rate`` () =
    use folder = new TemporaryFolder()
    let file = folder.File "features.csv"
    sample [ "--features"; file ] |> ignore
    let lines = File.ReadAllLines file
    Assert.Equal("feature,depth,probability,rate,mean_given_active,sd_given_active", lines[0])
    Assert.Equal(33, lines.Length)
    // A root is as active as specified: p = 0.4, 5 standard errors of 4000 samples.
    let root = lines[1].Split ','
    Assert.Equal(("0", "0"), (root[0], root[1]))
    Assert.True(abs (float root[3] - float root[2]) < 5.0 * sqrt (0.4 * 0.6 / 4000.0))

[<Fact>]
let ``a model folder is sampled and inspected like a preset`` () =
    let folder = Oracles.path "model"
    let json = Cli.run [ "sample"; folder; "--samples"; "1k"; "--json" ]
    Assert.Equal(0, json.Code)
    Assert.Equal(96, (Cli.at "num_features" (Cli.json json.Out)).GetValue<int>())
    let words = Cli.run [ "inspect"; folder ]
    Assert.Equal(0, words.Code)
    Assert.Contains("96 features in R^24", words.Out)

[<Fact>]
let ``every preset is described with its forest`` () =
    for preset in SynthSae.Core.PresetList.All do
        let outcome = Cli.run [ "inspect"; preset.Name ]
        Assert.Equal((0, ""), (outcome.Code, outcome.Error))
        Assert.Contains($"{preset.Name}: a preset", outcome.Out)
        Assert.Contains("d_sae", outcome.Out)

[<Fact>]
let ``the presets are listed with what they are`` () =
    let outcome = Cli.run [ "presets" ]

    for preset in SynthSae.Core.PresetList.All do
        Assert.Contains(preset.Name, outcome.Out)
        Assert.Contains(preset.Description.Split(' ')[0], outcome.Out)
