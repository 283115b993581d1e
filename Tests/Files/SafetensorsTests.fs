module SynthSae.Tests.SafetensorsTests

open System
open SynthSae.Compute
open SynthSae.Compute.Files
open FsCheck.FSharp
open System.Diagnostics
open System.IO
open System.Text
open Xunit

let private write metadata tensors (folder: string) =
    let path = Path.Combine(folder, "file.safetensors")
    Safetensors.write path metadata tensors
    path

/// A file made of a header and data bytes.
let private raw (header: string) (data: int) (folder: string) =
    let path = Path.Combine(folder, "raw.safetensors")
    let header = Encoding.UTF8.GetBytes header
    let length = BitConverter.GetBytes(uint64 header.Length)
    File.WriteAllBytes(path, Array.concat [ length; header; Array.zeroCreate data ])
    path

/// The problem that reading the file raises.
let private problem (path: string) =
    let error = Assert.Throws<BadInput>(fun () -> using (Safetensors.read path) ignore)
    Assert.Equal(path, error.place)
    error.problem

let private rejects (header: string) (data: int) (problemParts: string list) =
    use folder = new TemporaryFolder()
    let said = problem (raw header data folder.Path)

    for part in problemParts do
        Assert.Contains(part, said)

let private tensor name dtype shape first last =
    $"\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{first},{last}]}}"

[<Fact>]
let ``a small file has exactly the bytes of the reference's library`` () =
    use folder = new TemporaryFolder()

    let path =
        folder.Path
        |> write
            []
            [ "b", Tensor.vector [| 1.0f; -2.0f |]
              "t", Tensor.Float64([], [| 0.5 |])
              "a", Tensor.Matrix(Matrix.ofArray 1 2 [| 3.0f; 4.0f |]) ]

    let header =
        "{\"t\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
        + "\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]},"
        + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}"

    let padded = header.PadRight((header.Length + 7) / 8 * 8)

    let expected =
        Array.concat
            [ BitConverter.GetBytes(uint64 padded.Length)
              Encoding.UTF8.GetBytes padded
              BitConverter.GetBytes 0.5
              yield! [ 3.0f; 4.0f; 1.0f; -2.0f ] |> List.map BitConverter.GetBytes ]

    Assert.Equal<byte>(expected, File.ReadAllBytes path)

[<Fact>]
let ``the reference's files are read and written again to the byte`` () =
    use folder = new TemporaryFolder()

    for name in
        [ "model/synthetic_model.safetensors"
          "model_samples.safetensors"
          "saes/topk/sae_weights.safetensors"
          "saes/topk/outputs.safetensors"
          "saes_training/batchtopk/sae_weights.safetensors" ] do
        let original = Oracles.path name
        use file = Safetensors.read original

        let tensors =
            [ for info in file.Tensors do
                  let shape = info.Shape |> List.map int

                  info.Name,
                  match info.Dtype, shape with
                  | Dtype.F64, _ -> Tensor.Float64(shape, file.Float64 info.Name)
                  | _, [ _; _ ] -> Tensor.Matrix(file.Matrix info.Name)
                  | _ -> Tensor.Float32(shape, file.Float32 info.Name) ]

        let path = write [] (List.rev tensors) folder.Path
        Assert.Equal<byte>(File.ReadAllBytes original, File.ReadAllBytes path)

[<Fact>]
let ``every type and the metadata come back`` () =
    use folder = new TemporaryFolder()
    let metadata = [ "format", "pt"; "quote\"", "line\nbreak é" ]

    let path =
        folder.Path
        |> write
            metadata
            [ "float", Tensor.Float64([ 2; 1 ], [| Double.Epsilon; nan |])
              "long", Tensor.Int64([ 2 ], [| Int64.MinValue; 7L |])
              "int", Tensor.Int32([ 1 ], [| -5 |])
              "bool", Tensor.Bool([ 3 ], [| true; false; true |])
              "empty", Tensor.Float32([ 0; 4 ], [||])
              "naïve \"name\" \\ 𝄞", Tensor.vector [| -0.0f |] ]

    use file = Safetensors.read path
    Assert.Equal<Map<string, string>>(Map.ofList metadata, file.Metadata)
    Assert.Equal<float>([| Double.Epsilon; nan |], file.Float64 "float")
    Assert.Equal<int64>([| Int64.MinValue; 7L |], file.Int64 "long")
    Assert.Equal<int>([| -5 |], file.Int32 "int")
    Assert.Equal<bool>([| true; false; true |], file.Bool "bool")
    Assert.Equal(0, (file.Matrix "empty").Rows)
    let negativeZero = file.Float32 "naïve \"name\" \\ 𝄞"
    Assert.Equal(Int32.MinValue, BitConverter.SingleToInt32Bits negativeZero[0])

[<Fact>]
let ``half precision is widened exactly`` () =
    use folder = new TemporaryFolder()

    let header = "{" + tensor "h" "F16" "[2]" 0 4 + "," + tensor "b" "BF16" "[2]" 4 8 + "}"

    let path = raw header 8 folder.Path
    let bytes = File.ReadAllBytes path

    let put offset (value: uint16) =
        BitConverter.GetBytes(value).CopyTo(bytes, bytes.Length - 8 + offset)

    put 0 0x3C01us
    put 2 0xFC00us
    put 4 0x3F81us
    put 6 0x0001us
    File.WriteAllBytes(path, bytes)
    use file = Safetensors.read path
    Assert.Equal<float32>([| 1.0009765625f; -infinityf |], file.Float32 "h")

    Assert.Equal<float32>(
        [| 1.0078125f; BitConverter.Int32BitsToSingle 0x10000 |],
        file.Float32 "b"
    )

[<Fact>]
let ``every number of 16 bits is widened exactly`` () =
    use folder = new TemporaryFolder()
    let count = 0x10000 + 5
    let bits i = uint16 (i % 0x10000)
    let shape = $"[{count}]"
    let size = 2 * count

    let header =
        "{" + tensor "h" "F16" shape 0 size + "," + tensor "b" "BF16" shape size (2 * size) + "}"

    let path = raw header 0 folder.Path

    let numbers =
        [| for i in 0 .. count - 1 do
               yield! BitConverter.GetBytes(bits i) |]

    File.AppendAllBytes(path, Array.append numbers numbers)
    use file = Safetensors.read path

    let same (expected: float32) (actual: float32) =
        BitConverter.SingleToInt32Bits expected = BitConverter.SingleToInt32Bits actual
        || Single.IsNaN expected && Single.IsNaN actual

    let halves, bfloats = file.Float32 "h", file.Float32 "b"

    for i in 0 .. count - 1 do
        let half = float32 (BitConverter.UInt16BitsToHalf(bits i))
        let bfloat = BitConverter.UInt32BitsToSingle(uint32 (bits i) <<< 16)
        Assert.True(same half halves[i], $"{half} {halves[i]}")
        Assert.True(same bfloat bfloats[i], $"{bfloat} {bfloats[i]}")

[<Fact>]
let ``matrices of any size come back, also when written as the transpose`` () =
    let sizes = Gen.zip (Gen.choose (0, 150)) (Gen.choose (0, 150))

    Property.forAll sizes (fun (rows, cols) ->
        use folder = new TemporaryFolder()

        let matrix = Matrix.init rows cols (fun row col -> float32 (row * 1000 + col) + 0.25f)

        let path =
            folder.Path |> write [] [ "m", Tensor.Matrix matrix; "t", Tensor.Transposed matrix ]

        use file = Safetensors.read path
        let transpose = file.Matrix "t"

        (file.Matrix "m").Span.SequenceEqual matrix.Span
        && transpose.Rows = cols
        && transpose.Span.SequenceEqual (Matrix.transpose matrix).Span)

[<Fact>]
let ``the bytes do not depend on the order of the tensors`` () =
    use folder = new TemporaryFolder()

    let tensors = [ for name in [ "c"; "a"; "é"; "B" ] -> name, Tensor.vector [| 1.0f |] ]

    let metadata = [ "x", "1"; "a", "2" ]
    let first = File.ReadAllBytes(write metadata tensors folder.Path)

    let second = File.ReadAllBytes(write (List.rev metadata) (List.rev tensors) folder.Path)

    Assert.Equal<byte>(first, second)

[<Fact>]
let ``asking for the wrong tensor, type or shape names it`` () =
    use folder = new TemporaryFolder()

    let path =
        folder.Path
        |> write [] [ "w", Tensor.Int64([ 2 ], [| 1L; 2L |]); "v", Tensor.vector [| 1.0f |] ]

    use file = Safetensors.read path

    let said work =
        (Assert.Throws<BadInput>(fun () -> work () |> ignore)).problem

    Assert.Contains("no tensor 'u'", said (fun () -> file.Float32 "u"))
    Assert.Contains("'w' is I64; F32", said (fun () -> file.Float32 "w"))
    Assert.Contains("'v' is F32; I64", said (fun () -> file.Int64 "v"))
    Assert.Contains("'v' is F32; I32", said (fun () -> file.Int32 "v"))
    Assert.Contains("'v' is F32; BOOL", said (fun () -> file.Bool "v"))
    Assert.Contains("'w' is I64; F64", said (fun () -> file.Float64 "w"))
    Assert.Contains("'v' has shape [1]; a matrix", said (fun () -> file.Matrix "v"))
    Assert.Contains("'v' has shape [1]; [2, 3]", said (fun () -> file.CheckShape("v", [ 2; 3 ])))

[<Fact>]
let ``what is not a file is an input error`` () =
    use folder = new TemporaryFolder()
    let none = Path.Combine(folder.Path, "none")
    Assert.Equal("cannot be read: there is no such file", problem none)
    let below = Path.Combine(none, "file")
    Assert.Equal("cannot be read: there is no such folder", problem below)
    Assert.Equal("cannot be read: it is a folder", problem folder.Path)
    Assert.Equal("cannot be read: it is not a path", problem "")

[<Fact>]
let ``a file of less than 8 bytes is rejected`` () =
    use folder = new TemporaryFolder()
    let path = Path.Combine(folder.Path, "short")
    File.WriteAllBytes(path, Array.zeroCreate 7)
    Assert.Contains("has 7 bytes", problem path)

let private claims (length: uint64) (part: string) =
    use folder = new TemporaryFolder()
    let path = Path.Combine(folder.Path, "claim")
    File.WriteAllBytes(path, Array.append (BitConverter.GetBytes length) (Array.zeroCreate 100))
    Assert.Contains(part, problem path)

[<Fact>]
let ``a header past the end of the file is rejected`` () = claims 101UL "past the end of the file"

[<Fact>]
let ``a header of more than 100 MB is rejected`` () =
    claims 100_000_001UL "the most is 100000000"

[<Fact>]
let ``a header length beyond 63 bits is rejected`` () =
    claims UInt64.MaxValue "the most is 100000000"

[<Fact>]
let ``an empty header is rejected`` () = claims 0UL "empty header"

[<Fact>]
let ``a header that is not UTF-8 is rejected`` () =
    use folder = new TemporaryFolder()
    let path = raw "{\"?\":1}" 0 folder.Path
    let bytes = File.ReadAllBytes path
    bytes[10] <- 0xFFuy
    File.WriteAllBytes(path, bytes)
    Assert.Contains("not UTF-8", problem path)

[<Fact>]
let ``a header that is not JSON is rejected`` () = rejects "{\"a\":" 0 [ "not JSON" ]

[<Fact>]
let ``a header that is not an object is rejected`` () = rejects "[1,2]" 0 [ "begin with '{'" ]

[<Fact>]
let ``half a surrogate pair in a name is rejected`` () =
    rejects ("{" + tensor "\\ud800" "F32" "[0]" 0 0 + "}") 0 [ "not Unicode" ]

[<Fact>]
let ``an unknown dtype is rejected by name`` () =
    rejects ("{" + tensor "w" "F31" "[1]" 0 4 + "}") 4 [ "'w'"; "unknown dtype 'F31'" ]

[<Fact>]
let ``a tensor given twice is rejected`` () =
    rejects
        ("{" + tensor "w" "F32" "[1]" 0 4 + "," + tensor "w" "F32" "[1]" 4 8 + "}")
        8
        [ "'w' appears twice" ]

[<Fact>]
let ``a tensor that is not an object is rejected`` () =
    rejects "{\"w\":3}" 0 [ "'w' is not described" ]

[<Fact>]
let ``a missing, unknown or repeated field is rejected`` () =
    rejects "{\"w\":{\"dtype\":\"F32\",\"shape\":[0]}}" 0 [ "'w' has no data_offsets" ]
    rejects "{\"w\":{\"size\":1}}" 0 [ "'w' has an unknown field 'size'" ]

    rejects
        "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}"
        0
        [ "dtype twice" ]

    rejects
        "{\"w\":{\"dtype\":5,\"shape\":[0],\"data_offsets\":[0,0]}}"
        0
        [ "dtype that is not text" ]

[<Fact>]
let ``a tensor past the end is rejected`` () =
    rejects
        ("{" + tensor "w" "F32" "[2]" 0 8 + "}")
        4
        [ "'w' ends at byte 8, past the end of the data (4 bytes)" ]

[<Fact>]
let ``a tensor that begins after its end is rejected`` () =
    rejects ("{" + tensor "w" "F32" "[1]" 4 0 + "}") 4 [ "'w' begins at byte 4, after its end 0" ]

[<Fact>]
let ``overlapping tensors are rejected`` () =
    rejects
        ("{" + tensor "v" "F32" "[2]" 0 8 + "," + tensor "w" "F32" "[2]" 4 12 + "}")
        12
        [ "'w' overlaps" ]

[<Fact>]
let ``a gap between tensors is rejected`` () =
    rejects
        ("{" + tensor "v" "F32" "[1]" 0 4 + "," + tensor "w" "F32" "[1]" 8 12 + "}")
        12
        [ "bytes 4 to 8 before tensor 'w'" ]

[<Fact>]
let ``bytes after the last tensor are rejected`` () =
    rejects ("{" + tensor "v" "F32" "[1]" 0 4 + "}") 7 [ "3 bytes after the last tensor" ]

[<Fact>]
let ``a size that does not fit the shape is rejected`` () =
    rejects ("{" + tensor "w" "F64" "[3]" 0 12 + "}") 12 [ "'w' takes 12 bytes"; "need 24" ]

[<Fact>]
let ``a negative or fractional dimension is rejected`` () =
    rejects ("{" + tensor "w" "F32" "[-1]" 0 4 + "}") 4 [ "'w' shape holds -1" ]
    rejects ("{" + tensor "w" "F32" "[1.5]" 0 4 + "}") 4 [ "'w' shape holds 1.5" ]
    rejects ("{" + tensor "w" "F32" "[\"1\"]" 0 4 + "}") 4 [ "'w' shape holds \"1\"" ]
    rejects ("{" + tensor "w" "F32" "1" 0 4 + "}") 4 [ "'w' shape is not a list" ]

[<Fact>]
let ``dimensions whose product overflows are rejected`` () =
    // 2^62 · 4 bytes is 0 modulo 2^64.
    rejects
        ("{" + tensor "w" "F32" "[4611686018427387904]" 0 0 + "}")
        0
        [ "'w' has a shape with more elements" ]

    rejects
        ("{" + tensor "w" "F32" "[4294967296,4294967296]" 0 0 + "}")
        0
        [ "'w' has a shape with more elements" ]

    rejects
        ("{" + tensor "w" "F32" "[9223372036854775808]" 0 0 + "}")
        0
        [ "'w' shape holds 9223372036854775808" ]

[<Fact>]
let ``metadata other than texts is rejected`` () =
    rejects "{\"__metadata__\":{\"a\":1}}" 0 [ "__metadata__ holds 'a', which is not text" ]
    rejects "{\"__metadata__\":3}" 0 [ "__metadata__ is not an object" ]
    rejects "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}" 0 [ "__metadata__ gives 'a' twice" ]

[<Fact>]
let ``a truth value other than 0 or 1 is rejected`` () =
    use folder = new TemporaryFolder()
    let path = raw ("{" + tensor "b" "BOOL" "[1]" 0 1 + "}") 1 folder.Path
    let bytes = File.ReadAllBytes path
    bytes[bytes.Length - 1] <- 2uy
    File.WriteAllBytes(path, bytes)
    use file = Safetensors.read path
    let error = Assert.Throws<BadInput>(fun () -> file.Bool "b" |> ignore)
    Assert.Contains("'b' holds 2", error.problem)

[<Fact>]
let ``a matrix of no elements with a huge dimension is an error, not a crash`` () =
    use folder = new TemporaryFolder()

    let path = raw ("{" + tensor "w" "F32" "[0,9007199254740992]" 0 0 + "}") 0 folder.Path

    use file = Safetensors.read path
    let error = Assert.Throws<BadInput>(fun () -> file.Matrix "w" |> ignore)
    Assert.Contains("does not fit into memory", error.problem)

[<Fact>]
let ``a file that shrinks after it was opened is an error`` () =
    use folder = new TemporaryFolder()
    let path = folder.Path |> write [] [ "v", Tensor.vector (Array.zeroCreate 1000) ]
    use file = Safetensors.read path
    // By another process: within one, .NET guards open files.
    use truncate = Process.Start("truncate", [| "--size=2000"; path |])
    truncate.WaitForExit()
    let error = Assert.Throws<BadInput>(fun () -> file.Float32 "v" |> ignore)
    Assert.Contains("ends too early", error.problem)

[<Fact>]
let ``an offset beyond 2 GB is read where it lies`` () =
    use folder = new TemporaryFolder()
    let path = Path.Combine(folder.Path, "sparse")
    let big = 3_000_000_000L

    let header =
        "{"
        + tensor "pad" "U8" $"[{big}]" 0 big
        + ","
        + tensor "v" "F32" "[1]" big (big + 4L)
        + "}"

    using (File.Create path) (fun stream ->
        stream.Write(BitConverter.GetBytes(uint64 header.Length), 0, 8)
        stream.Write(Encoding.UTF8.GetBytes header, 0, header.Length)
        // A hole on disk.
        stream.Seek(big, SeekOrigin.Current) |> ignore
        stream.Write(BitConverter.GetBytes 1.5f, 0, 4))

    use file = Safetensors.read path
    Assert.Equal<float32>([| 1.5f |], file.Float32 "v")

/// Read everything that a file holds.
let private readAll (path: string) =
    use file = Safetensors.read path

    for info in file.Tensors do
        match info.Dtype with
        | Dtype.F32
        | Dtype.F16
        | Dtype.BF16
        | Dtype.F64 -> file.Float64 info.Name |> ignore
        | Dtype.I64 -> file.Int64 info.Name |> ignore
        | Dtype.I32 -> file.Int32 info.Name |> ignore
        | Dtype.Bool -> file.Bool info.Name |> ignore
        | _ -> ()

[<Fact>]
let ``a damaged file is an input error or readable, never a crash`` () =
    use folder = new TemporaryFolder()

    let valid =
        File.ReadAllBytes(
            write
                [ "note", "x" ]
                [ "w", Tensor.Matrix(Matrix.zeros 3 2)
                  "flag", Tensor.Bool([ 2 ], [| true; false |])
                  "n", Tensor.Int64([ 1 ], [| 9L |]) ]
                folder.Path
        )

    let mutable rejected = 0
    let path = Path.Combine(folder.Path, "damaged")

    for _ in 1..10 do
        Property.forAll (Damage.of' valid) (fun bytes ->
            File.WriteAllBytes(path, bytes)

            try
                readAll path
            with BadInput _ ->
                rejected <- rejected + 1

            true)

    Assert.True(rejected > 100, $"only {rejected} of 1000 damaged files were rejected")
