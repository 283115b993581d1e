/// Runs that are stopped or killed, and go on as if nothing had happened.
module SynthSae.Tests.Shell.ResumeTests

open System
open System.IO
open System.Threading
open SynthSae.Progress
open SynthSae.Runs
open SynthSae.Settings
open SynthSae.Tests
open Xunit

let private run samples =
    [ "run"; "small"; "--samples"; samples; "--eval-samples"; "4k" ]

let private often = [ "--checkpoint-every"; "20"; "--quiet" ]

let private resume threads =
    [ "run"; "--resume"; "run"; "--threads"; string threads ] @ often

let private read (folder: TemporaryFolder) (name: string) = File.ReadAllBytes(folder.File name)

/// All that a run computes: weights, scores, the last step.
let private results (folder: TemporaryFolder) (name: string) =
    let result = Cli.json (File.ReadAllText(folder.File $"{name}/result.json"))

    Convert.ToHexString(read folder $"{name}/sae/sae_weights.safetensors"),
    File.ReadAllText(folder.File $"{name}/latents.csv"),
    (Cli.at "evaluation" result).ToJsonString(),
    (Cli.at "training" result).ToJsonString()

let private uninterrupted (folder: TemporaryFolder) what =
    let outcome = Cli.spawn folder.Path [] (what @ [ "--out"; "whole"; "--quiet" ])
    Assert.Equal(0, outcome.Code)

let private checkpoints (folder: TemporaryFolder) =
    let path = folder.File "run/checkpoints"

    if Directory.Exists path then
        Directory.GetFiles(path, "step-*") |> Array.sortBy (fun file -> file.Length, file)
    else
        [||]

let private begin' (folder: TemporaryFolder) args =
    let child = Cli.start folder.Path [] (args @ [ "--out"; "run" ])
    Cli.waitFor "two checkpoints" (fun () -> (checkpoints folder).Length >= 2)
    child

let private kill (child: Diagnostics.Process) =
    child.Kill()
    child.WaitForExit()
    child.Dispose()

/// Kill a run at random moments, as long as it lasts but at most so many times, then let it end.
let private killed (folder: TemporaryFolder) what times =
    let random = Random()
    let whole = Cli.json (File.ReadAllText(folder.File "whole/result.json"))

    let seconds part =
        (Cli.at $"timing/seconds/{part}" whole).GetValue<float>()
    // So short that the run cannot end before the last kill.
    let longest = int (800.0 * (seconds "sample" + seconds "step") / float times)
    let mutable kills = 1
    begin' folder (what @ often) |> kill
    let mutable lasts = true

    while lasts && kills < times do
        let child = Cli.start folder.Path [] (resume (1 + kills % 3))
        let events = folder.File "run/events.jsonl"
        let length = FileInfo(events).Length

        // While it starts, or while it trains and writes checkpoints.
        if random.Next 2 = 0 then
            Cli.waitFor "a first event" (fun () ->
                FileInfo(events).Length > length || child.HasExited)

        if child.WaitForExit(random.Next longest) then
            lasts <- false
            let outcome = Cli.finish child
            Assert.True(0 = outcome.Code, outcome.Error)
        else
            kill child
            kills <- kills + 1

    if lasts then
        let outcome = Cli.spawn folder.Path [] (resume 2)
        Assert.True(0 = outcome.Code, outcome.Error)

    kills

let private survives (folder: TemporaryFolder) what times =
    uninterrupted folder what
    let kills = killed folder what times
    Assert.True((kills = times), $"the run ended after {kills} kills of {times}")
    Assert.Equal(results folder "whole", results folder "run")

    for line in File.ReadAllLines(folder.File "run/events.jsonl") do
        Cli.json line |> ignore

    let files name =
        Directory.GetFileSystemEntries(folder.File name, "*", SearchOption.AllDirectories)
        |> Array.map (fun path -> Path.GetRelativePath(folder.File name, path))
        |> set

    Assert.Equal<Set<string>>(files "whole", files "run")

[<Fact>]
let ``a run that is killed again and again gives the bits of the uninterrupted one`` () =
    use folder = new TemporaryFolder()
    survives folder (run "2M") 8

[<Fact>]
let ``a run on files that is killed again and again gives the bits of the uninterrupted one`` () =
    use folder = new TemporaryFolder()
    ShardFiles.ofTiny (folder.File "acts") 20_000 |> ignore
    let set = List.collect (fun setting -> [ "--set"; setting ])
    // Many windows in an epoch, and many epochs.
    survives folder (run "2M" @ set [ "activations=acts"; "activations.buffer_rows=3000" ]) 5

[<Fact; Trait("Category", "Heavy")>]
let ``a run that is killed a hundred times gives the bits of the uninterrupted one`` () =
    use folder = new TemporaryFolder()
    survives folder (run "20M") 100

let private set settings =
    settings |> List.collect (fun setting -> [ "--set"; setting ])

/// What a run carries beside weights and moments: schedules, controllers, two thresholds, orders, scales.
let private kinds =
    dict
        [ "matryoshka with lista",
          [ "sae.architecture=matryoshka_batchtopk"
            "sae.matryoshka_widths=[8,32]"
            "sae.matryoshka_order=frequency"
            "sae.matryoshka_detach=true"
            "sae.use_matryoshka_aux_loss=true"
            "sae.lista_eta=0.25"
            "sae.l0_schedule={\"start\": 18}" ]
          "jumprelu",
          [ "sae.architecture=jumprelu"
            "sae.jumprelu_bandwidth=1"
            "sae.jumprelu_init_threshold=1"
            "sae.decoder_init_norm=0.5"
            "sae.target_l0=6"
            "sae.jumprelu_parameter=log_threshold" ]
          "gated", [ "sae.architecture=gated"; "sae.target_l0=8"; "sae.l1_warm_up_steps=300" ]
          "standard", [ "sae.architecture=standard"; "sae.target_l0=8"; "sae.decoder_norm=unit" ]
          "matching pursuit", [ "sae.architecture=matching_pursuit"; "sae.max_iterations=6" ]
          "resampled",
          [ "sae.aux_loss_coefficient=0"
            "sae.resampling={\"every\": 100, \"window\": 3, \"samples\": 2000}"
            "sae.normalize_activations=expected_average_only_in"
            "n_batches_for_norm_estimate=20" ] ]

[<Theory; Trait("Category", "Heavy")>]
[<InlineData("matryoshka with lista")>]
[<InlineData("jumprelu")>]
[<InlineData("gated")>]
[<InlineData("standard")>]
[<InlineData("matching pursuit")>]
[<InlineData("resampled")>]
let ``a killed run of each kind gives the bits of the uninterrupted one`` (kind: string) =
    use folder = new TemporaryFolder()
    survives folder (run "4M" @ set kinds[kind]) 20

[<Fact>]
let ``a run that is stopped says how to go on, and passes over a damaged checkpoint`` () =
    use folder = new TemporaryFolder()
    uninterrupted folder (run "1M")
    let child = begin' folder (run "1M" @ often)
    Cli.signal "INT" child
    let stopped = Cli.finish child
    Assert.Equal(130, stopped.Code)
    Assert.Contains("synthsae run --resume run", stopped.Out)
    let inspected = Cli.spawn folder.Path [] [ "inspect"; "run" ]
    Assert.Contains("stopped at", inspected.Out)
    Assert.Contains("synthsae run --resume run (from step ", inspected.Out)

    let newest = Array.last (checkpoints folder)
    let bytes = File.ReadAllBytes newest
    bytes[bytes.Length / 2] <- bytes[bytes.Length / 2] + 1uy
    File.WriteAllBytes(newest, bytes)
    // As a killed process or a full disk leaves them.
    File.AppendAllText(folder.File "run/events.jsonl", "{\"time\":\"20")
    let leftover = folder.File $"run/checkpoints/.step-1.safetensors.{Guid.NewGuid():N}.tmp"
    File.WriteAllText(leftover, "")

    let outcome = Cli.spawn folder.Path [] [ "run"; "--resume"; "run"; "--threads"; "3" ]
    Assert.Equal(0, outcome.Code)
    Assert.Contains($"checkpoint passed over: {newest}: does not match its checksum", outcome.Error)
    Assert.Equal(results folder "whole", results folder "run")
    Assert.False(Directory.Exists(folder.File "run/checkpoints"))

    let events = File.ReadAllLines(folder.File "run/events.jsonl") |> Array.map Cli.json

    let named name =
        events |> Array.filter (fun e -> (Cli.at "event" e).GetValue<string>() = name)

    Assert.Single(named "started") |> ignore
    let resumed = Assert.Single(named "resumed")
    Assert.True((Cli.at "step" resumed).GetValue<int>() >= 20)
    let result = Cli.json (File.ReadAllText(folder.File "run/result.json"))
    Assert.Equal(2, (Cli.at "timing/sittings" result).GetValue<int>())

    let seconds name =
        (Cli.at $"timing/seconds/{name}" result).GetValue<float>()

    Assert.True(seconds "total" >= seconds "step" + seconds "sample")

[<Fact>]
let ``a run that is stopped while it is scored goes on with scoring`` () =
    use folder = new TemporaryFolder()
    let args = [ "run"; "tiny"; "--eval-samples"; "10G"; "--out"; "run"; "--quiet" ]
    let child = Cli.start folder.Path [] args

    Cli.waitFor "scoring" (fun () ->
        let events = folder.File "run/events.jsonl"
        File.Exists events && File.ReadAllText(events).Contains "\"evaluation\"")

    Cli.signal "TERM" child
    Assert.Equal(143, (Cli.finish child).Code)
    let inspected = Cli.spawn folder.Path [] [ "inspect"; "run" ]
    Assert.Contains("--resume run (from step 50)", inspected.Out)

[<Fact>]
let ``a run on the reference backend goes on there`` () =
    use folder = new TemporaryFolder()
    let args = [ "run"; "tiny"; "--eval-samples"; "1k"; "--samples"; "16k"; "--quiet" ]
    let reference = args @ [ "--backend"; "reference"; "--checkpoint-every"; "1" ]
    let whole = Cli.spawn folder.Path [] (reference @ [ "--out"; "whole" ])
    Assert.Equal(0, whole.Code)
    begin' folder reference |> kill
    let outcome = Cli.spawn folder.Path [] [ "run"; "--resume"; "run" ]
    Assert.Equal(0, outcome.Code)
    Assert.Equal(results folder "whole", results folder "run")

[<Fact>]
let ``a run that cannot write its checkpoints goes on without, and says so`` () =
    use folder = new TemporaryFolder()
    let args = run "100k" @ [ "--checkpoint-every"; "40"; "--out"; "run" ]
    // A checkpoint has 200 kB, the SAE a third of that.
    let outcome = Cli.startOnSmallDisk folder.Path [] 120 args |> Cli.finish
    Assert.Equal(0, outcome.Code)
    Assert.Contains("note: a checkpoint is missing: ", outcome.Error)
    Assert.Contains("step-40.safetensors: cannot be written: ", outcome.Error)
    Assert.False(Directory.Exists(folder.File "run/checkpoints"))

[<Fact>]
let ``checkpoints are due after so many steps, or so much time`` () =
    let minutes = TimeSpan.FromMinutes: float -> TimeSpan
    let bySteps = CheckpointPolicy(Nullable 20L, Nullable(), 2)
    let byTime = CheckpointPolicy(Nullable(), Nullable(minutes 5.0), 2)
    let never = CheckpointPolicy(Nullable(), Nullable(), 2)

    for step, sinceLast, due in
        [ 19L, minutes 60.0, (false, true, false)
          20L, minutes 0.0, (true, false, false)
          40L, minutes 4.9, (true, false, false)
          41L, minutes 5.0, (false, true, false) ] do
        let isDue (policy: CheckpointPolicy) = policy.IsDue(step, sinceLast)
        Assert.Equal(due, (isDue bySteps, isDue byTime, isDue never))

[<Fact>]
let ``the pace of a run that goes on counts its own samples only`` () =
    let tracker = ProgressTracker [| 16 |]
    tracker.Phase(RunPhase.Training, "")
    Thread.Sleep 50
    tracker.Step [| StepProgress(1000L, 2000L, 1_000_000L, 1.0, 1.0, 1.0, 0.5, 0, 0.1) |]
    let pace = tracker.Snapshot().Training.Value.SamplesPerSecond
    Assert.InRange(pace, 1.0, 1000.0 / 0.05)

// ---- refusals --------------------------------------------------------------------------------

let private refused (args: string list) =
    let outcome = Cli.run ("run" :: args)
    Assert.Equal(2, outcome.Code)
    Assert.Equal("", outcome.Out)
    Assert.DoesNotContain("   at ", outcome.Error)
    outcome.Error

[<Fact>]
let ``a finished run is not gone on with, and stays as it is`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "run"
    let args = [ "run"; "tiny"; "--out"; path; "--cache"; "none"; "--eval-samples"; "1k" ]
    Assert.Equal(0, (Cli.run args).Code)
    let events = read folder "run/events.jsonl"
    Assert.Contains("has finished", refused [ "--resume"; path ])
    Assert.Equal<byte>(events, read folder "run/events.jsonl")

[<Fact>]
let ``without a checkpoint it is said how to start anew`` () =
    use folder = new TemporaryFolder()
    let args = run "10G" @ [ "--out"; "run"; "--checkpoint-every"; "off"; "--log-every"; "10" ]
    let child = Cli.start folder.Path [] args
    let events = folder.File "run/events.jsonl"

    Cli.waitFor "steps" (fun () ->
        File.Exists events && File.ReadAllText(events).Contains "\"step\":20")

    let path = folder.File "run"
    Assert.Contains("is being written by another process", refused [ "--resume"; path ])
    Assert.Contains("running", (Cli.run [ "inspect"; path ]).Out)
    kill child
    let error = refused [ "--resume"; path ]
    Assert.Contains("has no checkpoint", error)
    Assert.Contains($"synthsae run {path}", error)
    Assert.Contains("no checkpoint; to start anew", (Cli.run [ "inspect"; path ]).Out)

[<Fact>]
let ``what the folder decides cannot be given with --resume`` () =
    for option in
        [ [ "--set"; "sae.k=2" ]
          [ "--samples"; "2k" ]
          [ "--seed"; "1" ]
          [ "--eval-samples"; "2k" ]
          [ "--out"; "other" ]
          [ "--runs"; "other" ]
          [ "--backend"; "cpu" ] ] do
        let error = refused ([ "--resume"; "somewhere" ] @ option)
        Assert.Contains($"{option.Head}: cannot be given with --resume", error)

    Assert.Contains("not tiny", refused [ "tiny"; "--resume"; "somewhere" ])
    Assert.Contains("name a preset", refused [])

[<Fact>]
let ``what is no run folder is refused`` () =
    use folder = new TemporaryFolder()
    Assert.Contains("is not a run folder", refused [ "--resume"; folder.Path ])
    Assert.Contains("is not a run folder", refused [ "--resume"; folder.File "none" ])
