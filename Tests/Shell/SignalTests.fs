module SynthSae.Tests.Shell.SignalTests

open System.IO
open SynthSae.Tests
open Xunit

let private longRun folder =
    Cli.start folder [] [ "run"; "small"; "--samples"; "10G"; "--out"; "run"; "--log-every"; "10" ]

let private hasStepped (folder: TemporaryFolder) () =
    let events = folder.File "run/events.jsonl"
    File.Exists events && File.ReadAllText(events).Contains "\"step\":20"

let private stop signal =
    use folder = new TemporaryFolder()
    let child = longRun folder.Path
    Cli.waitFor "the first steps" (hasStepped folder)
    Cli.signal signal child
    let outcome = Cli.finish child
    let sae = Cli.run [ "inspect"; folder.File "run/sae" ]
    let events = File.ReadAllLines(folder.File "run/events.jsonl")
    outcome, sae, Array.last events

[<Theory>]
[<InlineData("INT", 130)>]
[<InlineData("TERM", 143)>]
let ``a run that is stopped finishes its step, saves, and says where`` (signal: string, code: int) =
    let outcome, sae, last = stop signal
    Assert.Equal(code, outcome.Code)
    Assert.Contains("The SAE is saved in", outcome.Out)
    Assert.Equal(0, sae.Code)
    Assert.Contains("interrupted", last)

[<Fact>]
let ``a run that is killed leaves no half of a file`` () =
    use folder = new TemporaryFolder()
    let child = longRun folder.Path
    Cli.waitFor "the first steps" (hasStepped folder)
    child.Kill()
    child.WaitForExit()

    let left = Directory.GetFiles(folder.File "run") |> Array.map Path.GetFileName |> Array.sort
    Assert.Equal<string>([| "events.jsonl"; "run.json" |], left)
    Cli.json (File.ReadAllText(folder.File "run/run.json")) |> ignore
    let outcome = Cli.run [ "inspect"; folder.File "run" ]
    Assert.Equal(0, outcome.Code)
    Assert.Contains("killed", outcome.Out)

[<Fact>]
let ``a reader that goes away causes no stack trace`` () =
    use folder = new TemporaryFolder()
    let child = Cli.start folder.Path [] [ "inspect"; "synth-sae-bench-16k" ]
    child.StandardOutput.ReadLine() |> ignore
    child.StandardOutput.Close()
    let error = child.StandardError.ReadToEnd()
    child.WaitForExit()
    Assert.Equal("", error)

[<Fact>]
let ``a full disk is told in one line, and leaves no half of a file`` () =
    use folder = new TemporaryFolder()
    let args = [ "run"; "small"; "--samples"; "50k"; "--out"; "run"; "--quiet" ]
    let outcome = Cli.startOnSmallDisk folder.Path 40 args |> Cli.finish
    Assert.Equal(2, outcome.Code)
    Assert.Matches("^synthsae: .*sae_weights.safetensors: cannot be written: .*\n$", outcome.Error)
    Assert.Empty(Directory.GetFiles(folder.File "run/sae"))
    let events = File.ReadAllLines(folder.File "run/events.jsonl")
    Assert.Contains("\"failed\"", Array.last events)
