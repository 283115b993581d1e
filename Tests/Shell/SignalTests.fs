module SynthSae.Tests.Shell.SignalTests

open System.Diagnostics
open System.IO
open System.Text
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
    Assert.Contains("\"stopped\"", last)

[<Fact>]
let ``a signal that comes twice within a moment is one`` () =
    use folder = new TemporaryFolder()
    let child = longRun folder.Path
    Cli.waitFor "the first steps" (hasStepped folder)
    // As timeout(1) does: to the process, and to its group.
    use kill = Process.Start("sh", [ "-c"; $"kill -TERM {child.Id}; kill -TERM {child.Id}" ])
    kill.WaitForExit()
    let outcome = Cli.finish child
    Assert.Equal(143, outcome.Code)
    Assert.Contains("The SAE is saved in", outcome.Out)

[<Fact>]
let ``a run that is stopped while it is scored says that all steps were taken`` () =
    use folder = new TemporaryFolder()
    let args = [ "run"; "tiny"; "--eval-samples"; "10G"; "--out"; "run" ]
    let child = Cli.start folder.Path [] args
    let events = folder.File "run/events.jsonl"

    Cli.waitFor "the evaluation" (fun () ->
        File.Exists events && File.ReadAllText(events).Contains "\"evaluation\"")

    Cli.signal "INT" child
    let outcome = Cli.finish child
    Assert.Equal(130, outcome.Code)
    Assert.Contains("Stopped while scoring, after all 50 steps.", outcome.Out)

let private showCursor, private hideCursor = "\u001b[?25h", "\u001b[?25l"

let private interruptOnTerminal folder args =
    let child = Cli.startOnTerminal folder args
    let shown = StringBuilder()

    let read () =
        let next = child.StandardOutput.Read()

        if next >= 0 then
            shown.Append(char next) |> ignore

        next >= 0

    while not (shown.ToString().Contains "scoring") && read () do
        ()

    Assert.Contains(hideCursor, shown.ToString())
    child.StandardInput.Write "\u0003"
    child.StandardInput.Flush()

    while read () do
        ()

    child.WaitForExit()
    child.ExitCode, shown.ToString()

[<Fact>]
let ``Ctrl-C while scoring gives the terminal its cursor back`` () =
    use folder = new TemporaryFolder()
    let sae = Oracles.path "saes/topk"
    let args = [ "eval"; sae; "--model"; Oracles.path "model"; "--samples"; "10G" ]
    let code, shown = interruptOnTerminal folder.Path args
    Assert.Equal(130, code)
    Assert.True(shown.LastIndexOf showCursor > shown.LastIndexOf hideCursor)

[<Fact>]
let ``a note covers the line that was drawn in its place`` () =
    use folder = new TemporaryFolder()
    let args = [ "run"; "tiny"; "--eval-samples"; "10G"; "--out"; "run" ]
    let code, shown = interruptOnTerminal folder.Path args
    Assert.Equal(130, code)
    Assert.Matches("stopping; again to end at once {20,}", shown)

[<Fact>]
let ``a run that is killed leaves no half of a file`` () =
    use folder = new TemporaryFolder()
    let child = longRun folder.Path
    Cli.waitFor "the first steps" (hasStepped folder)
    child.Kill()
    child.WaitForExit()

    let left =
        Directory.GetFiles(folder.File "run")
        |> Array.map Path.GetFileName
        // What was being written has a name of its own until it is whole.
        |> Array.filter (fun name -> not (name.StartsWith '.'))
        |> Array.sort

    Assert.Equal<string>([| "events.jsonl"; "run.json"; "status.json" |], left)
    Cli.json (File.ReadAllText(folder.File "run/run.json")) |> ignore
    let outcome = Cli.run [ "inspect"; folder.File "run" ]
    Assert.Equal(0, outcome.Code)
    Assert.Contains("interrupted: its process died", outcome.Out)

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
    let outcome = Cli.startOnSmallDisk folder.Path [] 40 args |> Cli.finish
    Assert.Equal(2, outcome.Code)
    Assert.Matches("^synthsae: .*sae_weights.safetensors: cannot be written: .*\n$", outcome.Error)
    Assert.Empty(Directory.GetFiles(folder.File "run/sae"))
    let events = File.ReadAllLines(folder.File "run/events.jsonl")
    Assert.Contains("\"failed\"", Array.last events)
