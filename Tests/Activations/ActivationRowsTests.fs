module SynthSae.Tests.Activations.ActivationRowsTests

open System
open System.IO
open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

let private opened files = ActivationRows.Open(files, None)

let private read (rows: ActivationRows) first count =
    let target = Matrix(count + 2, rows.Dim)
    rows.Read(first, count, target, 1)
    Assert.Equal(0.0f, target[0, 0])
    Assert.Equal(0.0f, target[count + 1, 0])
    target.Span.Slice(rows.Dim, count * rows.Dim).ToArray()

let private problem files =
    let error =
        Assert.Throws<BadInput>(fun () ->
            using (opened files) (fun rows -> read rows 0L (int rows.Rows) |> ignore))

    error.Message

[<Fact>]
let ``files of every kind are one list of rows`` () =
    let cases =
        gen {
            let! sizes = Gen.listOfLength 7 (Gen.choose (0, 40))
            let! dim = Gen.choose (1, 9)
            let rows = List.sum sizes
            let! first = Gen.choose (0, rows)
            let! count = Gen.choose (0, rows - first)
            return sizes, dim, first, count
        }

    Property.forAll cases (fun (sizes, dim, first, count) ->
        use folder = new TemporaryFolder()
        use rows = opened [ ShardFiles.folder (folder.File "acts") sizes dim ]
        let expected = (ShardFiles.matrix first count dim).Span.ToArray()

        (rows.Rows, rows.Dim, rows.Files) = (int64 (List.sum sizes), dim, 7)
        && read rows (int64 first) count = expected)

[<Fact>]
let ``folders, patterns and files stand for files in their order`` () =
    use folder = new TemporaryFolder()

    for name in [ "b/2.npy"; "b/10.npy"; "b/notes.txt"; "a/x/1.npy"; "c/x/3.npy" ] do
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File name)) |> ignore

        if name.EndsWith ".npy" then
            Npy.write
                (folder.File name)
                (Matrix.init 1 1 (fun _ _ -> float32 (Path.GetFileNameWithoutExtension name)))
        else
            File.WriteAllText(folder.File name, "")

    let values files =
        use rows = opened (List.map folder.File files)
        List.ofArray (read rows 0L (int rows.Rows))

    Assert.Equal<float32 list>([ 10f; 2f ], values [ "b" ])
    Assert.Equal<float32 list>([ 2f; 10f ], values [ "b/2.npy"; "b/10.npy" ])
    Assert.Equal<float32 list>([ 1f; 3f ], values [ "*/x/*.npy" ])
    Assert.Equal<float32 list>([ 1f; 3f ], values [ "?/x/?.npy" ])
    Assert.Equal<float32 list>([ 3f; 10f ], values [ "c/x"; "b/1*.npy" ])

    let said files = problem (List.map folder.File files)
    Assert.Contains("is named 2 times", said [ "b"; "b/2.npy" ])
    Assert.Contains("matches no file", said [ "b/3*.npy" ])
    Assert.Contains("matches no file", said [ "z*/3*.npy" ])
    Assert.Contains("is a folder without .safetensors or .npy files", said [ "a" ])
    Assert.Contains("is neither a folder nor a .safetensors or .npy file", said [ "b/notes.txt" ])
    Assert.Contains("there is no such file", said [ "b/4.npy" ])

[<Fact>]
let ``of several tensors one has to be named`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "two.safetensors"
    let a, b = Matrix.init 2 3 (fun _ _ -> 1.0f), Matrix.init 4 3 (fun _ _ -> 2.0f)
    Safetensors.write path [] [ "a", Tensor.Matrix a; "b", Tensor.Matrix b ]
    Assert.Contains("has several tensors with rows ('a', 'b'); say which", problem [ path ])
    use rows = ActivationRows.Open([ path ], Some "b")
    Assert.Equal<float32>(Array.create 12 2.0f, read rows 0L 4)

    let missing =
        Assert.Throws<BadInput>(fun () -> ActivationRows.Open([ path ], Some "c") |> ignore)

    Assert.Contains("has no tensor 'c'", missing.problem)

[<Fact>]
let ``what is no list of rows of one width is refused`` () =
    use folder = new TemporaryFolder()
    let file name = folder.File name
    Npy.write (file "a.npy") (Matrix(2, 3))
    Npy.write (file "b.npy") (Matrix(2, 4))
    let said = problem [ file "a.npy"; file "b.npy" ]
    Assert.Contains("b.npy: has rows of 4 numbers, ", said)
    Assert.EndsWith("a.npy of 3", said)

    Safetensors.write (file "v.safetensors") [] [ "v", Tensor.vector [| 1.0f |] ]
    Assert.Contains("has no tensor with rows", problem [ file "v.safetensors" ])
    Safetensors.write (file "i.safetensors") [] [ "i", Tensor.Int64([ 1; 2 ], [| 1L; 2L |]) ]
    Assert.Contains("tensor 'i' is I64; a float type is expected", problem [ file "i.safetensors" ])
    Npy.write (file "none.npy") (Matrix(2, 0))
    Assert.Contains("of dimension 0", problem [ file "none.npy" ])

[<Theory>]
[<InlineData(Single.NaN)>]
[<InlineData(Single.PositiveInfinity)>]
let ``a number that is not finite is refused with file, row and column`` (value: float32) =
    use folder = new TemporaryFolder()
    let good, bad = folder.File "1.npy", folder.File "2.npy"
    Npy.write good (Matrix(5, 40))

    Npy.write bad (Matrix.init 9 40 (fun row col -> if (row, col) = (6, 33) then value else 1e30f))

    let said = problem [ folder.Path ]
    Assert.StartsWith($"{bad}: holds ", said)
    Assert.EndsWith("in row 6, column 33", said)

[<Fact>]
let ``the checksum follows the content, not the place of the files`` () =
    use folder = new TemporaryFolder()

    let checksum name =
        use rows = opened [ folder.File name ]
        rows.Checksum

    let make name =
        ShardFiles.folder (folder.File name) [ 20; 0; 30 ] 16 |> ignore

    make "a"
    make "b"
    File.SetLastWriteTimeUtc(folder.File "b/shard-000.npy", DateTime(2020, 1, 1))
    Assert.Equal(checksum "a", checksum "b")

    let path = folder.File "b/shard-000.npy"
    let bytes = File.ReadAllBytes path
    bytes[bytes.Length - 100] <- bytes[bytes.Length - 100] ^^^ 1uy
    File.WriteAllBytes(path, bytes)
    Assert.NotEqual<string>(checksum "a", checksum "b")

    ShardFiles.folder (folder.File "c") [ 20; 0; 29 ] 16 |> ignore
    Assert.NotEqual<string>(checksum "a", checksum "c")

[<Fact>]
let ``a file that changes while it is open is noticed, one that is only touched is not`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "x.npy"
    Npy.write path (ShardFiles.matrix 0 50 8)
    use rows = opened [ path ]
    let expected = read rows 0L 50
    File.SetLastWriteTimeUtc(path, DateTime(2020, 1, 1))
    Assert.Equal<float32>(expected, read rows 0L 50)

    use stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite)
    stream.Position <- 200L
    stream.WriteByte 77uy
    stream.Flush()

    let error = Assert.Throws<BadInput>(fun () -> read rows 0L 50 |> ignore)
    Assert.Equal("was changed while it was being read", error.problem)
    stream.SetLength 300L
    let error = Assert.Throws<BadInput>(fun () -> read rows 0L 50 |> ignore)
    Assert.Equal("ends too early", error.problem)
