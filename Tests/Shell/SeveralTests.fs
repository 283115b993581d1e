/// Runs that train several SAEs on the same batches.
module SynthSae.Tests.Shell.SeveralTests

open System
open System.IO
open System.Text.Json.Nodes
open SynthSae.Tests
open Xunit

let private fast = [ "--cache"; "none"; "--eval-samples"; "4k"; "--quiet" ]

let private run (folder: string) args =
    let outcome = Cli.run ([ "run" ] @ args @ [ "--out"; folder ] @ fast)
    Assert.True(0 = outcome.Code, outcome.Error)
    outcome

let private sae width fields =
    $"""{{"d_sae": {width}, "architecture": {fields}}}"""

/// SAEs that differ in everything that an SAE can differ in.
let private saes =
    [ sae 16 "\"batchtopk\", \"k\": 3"
      sae 16 "\"topk\", \"k\": 2, \"seed\": 7"
      sae 12 "\"batchtopk\", \"k\": 1.5, \"lista_eta\": 0.3"
      sae 16 "\"matryoshka_batchtopk\", \"k\": 3, \"matryoshka_widths\": [4, 8, 16]" ]

let private several = [ "tiny"; "--set"; $"""saes=[{String.concat ", " saes}]""" ]

let private alone i = [ "tiny"; "--set"; $"sae={saes[i]}" ]

let private folders (run: string) =
    Directory.GetDirectories(Path.Combine(run, "saes")) |> Array.sort

let private weights (sae: string) =
    Convert.ToHexString(File.ReadAllBytes(Path.Combine(sae, "sae_weights.safetensors")))

let private result (run: string) =
    Cli.json (File.ReadAllText(Path.Combine(run, "result.json")))

let private text (json: JsonNode) = json.ToJsonString()

/// What the result says of one SAE among several.
let private entry (i: int) (run: string) : JsonNode =
    let saes = Cli.at "saes" (result run)
    saes[i]

[<Fact>]
let ``each of several SAEs is to the bit what it is alone, on any number of threads`` () =
    use folder = new TemporaryFolder()
    let all = folder.File "all"
    run all (several @ [ "--threads"; "2" ]) |> ignore
    let found = folders all
    Assert.Equal(saes.Length, found.Length)

    for i in 0 .. saes.Length - 1 do
        let single = folder.File $"single{i}"
        run single (alone i @ [ "--threads"; string (1 + i % 3) ]) |> ignore
        Assert.Equal(weights (Path.Combine(single, "sae")), weights found[i])

        Assert.Equal(
            File.ReadAllText(Path.Combine(single, "sae/cfg.json")),
            File.ReadAllText(Path.Combine(found[i], "cfg.json"))
        )

        Assert.Equal(
            File.ReadAllText(Path.Combine(single, "latents.csv")),
            File.ReadAllText(Path.Combine(found[i], "latents.csv"))
        )

        let entry = entry i all
        let own = result single

        for part in [ "architecture"; "d_sae"; "k"; "seed"; "training"; "evaluation" ] do
            Assert.Equal(text (Cli.at part own), text (Cli.at part entry))

[<Fact>]
let ``several SAEs have a row each, a folder each, and events with their numbers`` () =
    use folder = new TemporaryFolder()
    let all = folder.File "run"

    let outcome =
        run
            all
            ([ "tiny"
               "--sweep"
               "sae.k=2,3"
               "--sweep"
               "sae.architecture=topk,batchtopk"
               "--set"
               "eval_frequency=20" ])

    let names = [ "0-topk-16-k2"; "1-batchtopk-16-k2"; "2-topk-16-k3"; "3-batchtopk-16-k3" ]
    Assert.Equal<string>(names, folders all |> Array.map Path.GetFileName)

    for name in names do
        Assert.Contains(name, outcome.Out)

    for heading in [ "F1"; "MCC"; "uniqueness"; "R²"; "L0"; "dead"; "samples/s" ] do
        Assert.Contains(heading, outcome.Out)

    let events = File.ReadAllLines(Path.Combine(all, "events.jsonl")) |> Array.map Cli.json

    for event in [ "step"; "evaluation"; "saved" ] do
        let numbers =
            events
            |> Array.filter (fun e -> (Cli.at "event" e).GetValue<string>() = event)
            |> Array.map (fun e -> (Cli.at "sae" e).GetValue<int>())

        Assert.Equal<int>([| 0..3 |], Array.distinct numbers)

    for entry in (Cli.at "saes" (result all)).AsArray() do
        let folder = (Cli.at "folder" entry).GetValue<string>()
        Assert.True(File.Exists(Path.Combine(all, folder, "cfg.json")))
        Assert.True((Cli.at "timing/samples_per_second" entry).GetValue<float>() > 0.0)

    let inspected = Cli.run [ "inspect"; all ]
    Assert.Contains("saes/3-batchtopk-16-k3", inspected.Out)
    Assert.Contains("saes[3]", inspected.Out)

[<Fact>]
let ``one SAE among several is scored by its folder, on the run's own model`` () =
    use folder = new TemporaryFolder()
    let all = folder.File "run"
    run all [ "tiny"; "--sweep"; "sae.k=2,3" ] |> ignore
    let refused = Cli.run [ "eval"; all ]
    Assert.Equal(2, refused.Code)
    Assert.Contains("has 2 SAEs; name one, e.g. ", refused.Error)
    let one = (folders all)[1]
    let scored = Cli.run [ "eval"; one; "--samples"; "4k"; "--json"; "--cache"; "none" ]
    Assert.True(0 = scored.Code, scored.Error)

    Assert.Equal(
        text (Cli.at "evaluation/saved_form" (entry 1 all)),
        text (Cli.at "evaluation" (Cli.json scored.Out))
    )

[<Fact>]
let ``what is wrong with a sweep is told with its option`` () =
    let refused args =
        let outcome = Cli.run ([ "run"; "tiny" ] @ args)
        Assert.Equal(2, outcome.Code)
        outcome.Error

    Assert.Contains("--sweep: must have the form path=value (got k)", refused [ "--sweep"; "k" ])
    Assert.Contains("lr: cannot vary", refused [ "--sweep"; "lr=1,2" ])
    Assert.Contains("saes[1].k: must be above 0", refused [ "--sweep"; "sae.k=2,0" ])

[<Fact>]
let ``several SAEs are killed and go on with the bits of the uninterrupted run`` () =
    use folder = new TemporaryFolder()

    let args =
        [ "run"
          "small"
          "--samples"
          "500k"
          "--eval-samples"
          "4k"
          "--sweep"
          "sae.architecture=topk,batchtopk"
          "--sweep"
          "sae.k=4,6"
          "--quiet" ]

    let whole = Cli.spawn folder.Path [] (args @ [ "--out"; "whole" ])
    Assert.True(0 = whole.Code, whole.Error)
    let often = [ "--checkpoint-every"; "20" ]
    let mutable child = Cli.start folder.Path [] (args @ often @ [ "--out"; "run" ])
    let checkpoints = folder.File "run/checkpoints"

    let newest () =
        if Directory.Exists checkpoints then
            Directory.GetFiles(checkpoints, "step-*")
            |> Array.map (fun file -> int (Path.GetFileNameWithoutExtension(file).Substring 5))
            |> Array.fold max 0
        else
            0

    for threads in [ 1; 3 ] do
        let before = newest ()
        Cli.waitFor "a checkpoint" (fun () -> newest () > before + 40)
        child.Kill()
        child.WaitForExit()
        child.Dispose()

        child <-
            Cli.start
                folder.Path
                []
                ([ "run"; "--resume"; "run"; "--quiet"; "--threads"; string threads ] @ often)

    let ended = Cli.finish child
    Assert.True(0 = ended.Code, ended.Error)
    let sittings = (Cli.at "timing/sittings" (result (folder.File "run"))).GetValue<int>()
    Assert.Equal(3, sittings)

    for expected, found in Array.zip (folders (folder.File "whole")) (folders (folder.File "run")) do
        Assert.Equal(weights expected, weights found)

    for part in [ "training"; "evaluation" ] do
        for i in 0..3 do
            let of' name =
                text (Cli.at part (entry i (folder.File name)))

            Assert.Equal(of' "whole", of' "run")
