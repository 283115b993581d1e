module SynthSae.Tests.AtomicFileTests

open System
open SynthSae.Compute
open SynthSae.Compute.Files
open System.IO
open System.Text
open Xunit

let private fails (work: unit -> unit) =
    let error = Assert.Throws<BadInput>(work)
    error.place, error.problem

[<Fact>]
let ``a file is written whole, and nothing lies beside it`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "a/b/text.json"
    AtomicFile.writeText path "{}\né"
    AtomicFile.writeText path "{\"é\": 1}"
    Assert.Equal("{\"é\": 1}", File.ReadAllText path)
    Assert.Equal(int64 (Encoding.UTF8.GetByteCount "{\"é\": 1}"), FileInfo(path).Length)
    Assert.Equal<string>([| path |], Directory.GetFileSystemEntries(folder.File "a/b"))

[<Fact>]
let ``a failure half-way keeps the old file and leaves nothing else`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "data"
    AtomicFile.writeText path "old"

    Assert.Throws<InvalidOperationException>(fun () ->
        AtomicFile.writeWith path (fun stream ->
            stream.Write(Array.zeroCreate<byte> 100_000, 0, 100_000)
            invalidOp "half-way"))
    |> ignore

    Assert.Equal("old", File.ReadAllText path)
    Assert.Equal<string>([| path |], Directory.GetFileSystemEntries folder.Path)

[<Fact>]
let ``a full disk is an input error that leaves nothing behind`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "data"

    let place, problem =
        fails (fun () ->
            AtomicFile.writeWith path (fun _ ->
                // What the system says when a disk is full, through the same channel.
                use full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write)
                full.Write(Array.zeroCreate<byte> 100_000, 0, 100_000)))

    Assert.Equal(path, place)
    Assert.Equal("cannot be written: No space left on device", problem)
    Assert.Empty(Directory.GetFileSystemEntries folder.Path)

[<Fact>]
let ``a folder in which nothing can be made is an input error`` () =
    // Not even root makes files there.
    let path = "/proc/self/fdinfo/data"
    let place, problem = fails (fun () -> AtomicFile.writeText path "x")
    Assert.Equal(path, place)
    Assert.StartsWith("cannot be written: ", problem)

[<Fact>]
let ``a folder that is a file is an input error`` () =
    use folder = new TemporaryFolder()
    File.WriteAllText(folder.File "file", "")
    let path = folder.File "file/data"
    let place, problem = fails (fun () -> AtomicFile.writeText path "x")
    Assert.Equal(path, place)
    Assert.StartsWith("cannot be written: ", problem)

[<Fact>]
let ``a path that is a folder is an input error and stays`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "taken"
    Directory.CreateDirectory path |> ignore
    let _, problem = fails (fun () -> AtomicFile.writeText path "x")
    Assert.Equal("cannot be written: it is a folder", problem)
    Assert.Equal<string>([| path |], Directory.GetFileSystemEntries folder.Path)

[<Fact>]
let ``text that is not UTF-8 is an input error`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "bad.json"
    File.WriteAllBytes(path, [| 0x7Buy; 0xFFuy |])
    let place, problem = fails (fun () -> FileErrors.readText path |> ignore)
    Assert.Equal(path, place)
    Assert.Equal("is not UTF-8 text", problem)

[<Fact>]
let ``temporary files of killed writers are removed, and no others`` () =
    use folder = new TemporaryFolder()
    let temporary = $".a.safetensors.{Guid.NewGuid():N}.tmp"
    let others = [ "a.tmp"; ".a.tmp"; ".a.0123.tmp"; $"a.{Guid.NewGuid():N}.tmp"; "b/c.json" ]
    Directory.CreateDirectory(folder.File "b") |> ignore

    for name in temporary :: $"b/{temporary}" :: others do
        File.WriteAllText(folder.File name, "")

    AtomicFile.removeLeftovers folder.Path

    let left =
        Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories)
        |> Array.map (fun path -> Path.GetRelativePath(folder.Path, path))

    Assert.Equal<Set<string>>(set others, set left)
    AtomicFile.removeLeftovers (folder.File "none")
