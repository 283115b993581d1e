module SynthSae.Tests.AppendOnlyFileTests

open System
open SynthSae.Compute
open SynthSae.Compute.Files
open System.IO
open Xunit

let private fails (work: unit -> unit) =
    let error = Assert.Throws<BadInput>(work)
    error.place, error.problem

let private append (path: string) (line: string) =
    use file = new AppendOnlyFile(path)
    file.Add line

[<Fact>]
let ``each appended line can be read at once`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "events.jsonl"
    use file = new AppendOnlyFile(path)

    for i in 1..3 do
        file.Add $"{{\"é\": {i}}}"
        let lines = [ for j in 1..i -> $"{{\"é\": {j}}}\n" ] |> String.concat ""
        Assert.Equal(lines, FileErrors.readText path)

    file.Sync()

[<Fact>]
let ``a line is appended to what is there`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "events.jsonl"

    for i in 1..2 do
        append path $"{i}"

    Assert.Equal("1\n2\n", File.ReadAllText path)

[<Fact>]
let ``a line with a line break is refused`` () =
    use folder = new TemporaryFolder()
    use file = new AppendOnlyFile(folder.File "events.jsonl")
    Assert.Throws<ArgumentException>(fun () -> file.Add "a\nb") |> ignore

[<Fact>]
let ``appending to a full disk is an input error`` () =
    use file = new AppendOnlyFile("/dev/full")
    let place, problem = fails (fun () -> file.Add "x")
    Assert.Equal("/dev/full", place)
    Assert.Equal("cannot be written: No space left on device", problem)

[<Fact>]
let ``appending in a missing folder is an input error`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "none/events.jsonl"
    let place, _ = fails (fun () -> use _ = new AppendOnlyFile(path) in ())
    Assert.Equal(path, place)

[<Fact>]
let ``what a crash has left of a line is cut off`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "events.jsonl"

    for torn in [ ""; "x"; String('x', 4095); String('x', 4096); String('x', 10_000) ] do
        for whole in [ ""; "1\n"; "1\n2\n"; String('y', 4095) + "\n" ] do
            File.WriteAllText(path, whole + torn)
            append path "next"
            Assert.Equal(whole + "next\n", File.ReadAllText path)
