module SynthSae.Tests.NpyTests

open System
open System.IO
open System.Text
open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Files
open Xunit

/// A file as the format's description has it: magic, version, length, dictionary, elements.
let private raw (major: byte) (header: string) (elements: byte[]) (folder: TemporaryFolder) =
    let path = folder.File "raw.npy"

    let length =
        if major = 1uy then
            BitConverter.GetBytes(uint16 header.Length)
        else
            BitConverter.GetBytes(uint32 header.Length)

    File.WriteAllBytes(
        path,
        Array.concat
            [ [| 0x93uy |]
              "NUMPY"B
              [| major; 0uy |]
              length
              Encoding.Latin1.GetBytes header
              elements ]
    )

    path

let private header descr order shape =
    $"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n"

let private bytes (values: 'T list) (convert: 'T -> byte[]) =
    values |> List.map convert |> Array.concat

let private matrix (path: string) =
    use file = Npy.read path
    file.Matrix()

let private problem (path: string) =
    let error = Assert.Throws<BadInput>(fun () -> matrix path |> ignore)
    Assert.Equal(path, error.place)
    error.problem

let private rejects header (elements: int) (part: string) =
    use folder = new TemporaryFolder()
    Assert.Contains(part, problem (raw 1uy header (Array.zeroCreate elements) folder))

[<Fact>]
let ``a small file has exactly the bytes that NumPy writes`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "a.npy"
    Npy.write path (Matrix.ofArray 2 3 [| 1.0f; -2.0f; 0.5f; 0.0f; 1e-3f; 3e8f |])

    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"

    let expected =
        Array.concat
            [ [| 0x93uy; 0x4Euy; 0x55uy; 0x4Duy; 0x50uy; 0x59uy; 1uy; 0uy; 0x76uy; 0uy |]
              Encoding.ASCII.GetBytes(text.PadRight 117 + "\n")
              bytes [ 1.0f; -2.0f; 0.5f; 0.0f; 1e-3f; 3e8f ] BitConverter.GetBytes ]

    Assert.Equal<byte>(expected, File.ReadAllBytes path)

[<Theory>]
[<InlineData(1uy)>]
[<InlineData(2uy)>]
[<InlineData(3uy)>]
let ``every version of the format and every float type are read`` (version: byte) =
    use folder = new TemporaryFolder()

    let read descr elements =
        let path = raw version (header descr "False" "(2, 2)") elements folder
        (matrix path).Span.ToArray()

    let values = [ 1.5; -0.25; 65504.0; 6e-8 ]
    let singles = values |> List.map float32
    Assert.Equal<float32>(singles, read "<f4" (bytes singles BitConverter.GetBytes))
    Assert.Equal<float32>(singles, read "<f8" (bytes values BitConverter.GetBytes))

    let halves = values |> List.map Half.op_Explicit: Half list
    let widened = halves |> List.map (fun half -> float32 half)
    Assert.Equal<float32>(widened, read "<f2" (bytes halves BitConverter.GetBytes))

[<Fact>]
let ``the dictionary may be written in other ways that Python reads`` () =
    use folder = new TemporaryFolder()
    let elements = bytes [ 1.0f; 2.0f ] BitConverter.GetBytes

    for text in
        [ "{'shape': (1, 2), 'fortran_order': False, 'descr': '<f4'}"
          "{ \"descr\" : \"<f4\",'fortran_order':False,'shape':(1,2,) }  \n"
          "{'descr':'<f4','fortran_order':False,'shape':( 1 , 2 ),}\n\t" ] do
        Assert.Equal<float32>(
            [ 1.0f; 2.0f ],
            (matrix (raw 1uy text elements folder)).Span.ToArray()
        )

[<Fact>]
let ``matrices of any size come back`` () =
    let sizes = Gen.zip (Gen.choose (0, 90)) (Gen.choose (0, 1100))

    Property.forAll sizes (fun (rows, cols) ->
        use folder = new TemporaryFolder()
        let path = folder.File "m.npy"
        let written = Matrix.init rows cols (fun row col -> float32 (row * 2000 + col) + 0.25f)
        Npy.write path written
        let read = matrix path
        let length = FileInfo(path).Length

        (read.Rows, read.Cols) = (rows, cols)
        && read.Span.SequenceEqual written.Span
        && (length - 4L * int64 written.Length) % 64L = 0L)

[<Fact>]
let ``more numbers than a buffer holds are converted in their order`` () =
    use folder = new TemporaryFolder()
    let values = Array.init 100_000 (fun i -> float i / 7.0)
    let elements = Array.zeroCreate<byte>(8 * values.Length)
    Buffer.BlockCopy(values, 0, elements, 0, elements.Length)
    let read = matrix (raw 1uy (header "<f8" "False" "(10, 10000)") elements folder)
    Assert.Equal<float32>(Array.map float32 values, read.Span.ToArray())

[<Fact>]
let ``what is no array of floats is refused with the rule`` () =
    rejects (header ">f4" "False" "(1, 2)") 8 "is big-endian"
    rejects (header "<i8" "False" "(1, 2)") 16 "holds '<i8'; '<f4', '<f2' or '<f8' is expected"
    rejects (header "|V2" "False" "(1, 2)") 4 "holds '|V2'"
    rejects (header "<f4" "True" "(1, 2)") 8 "is in Fortran order"
    rejects (header "<f4" "False" "(2,)") 8 "has the shape (2); two dimensions are expected"
    rejects (header "<f4" "False" "()") 4 "two dimensions are expected"

    rejects
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 2)}"
        8
        "structured dtype"

[<Fact>]
let ``the elements fill the file exactly`` () =
    rejects
        (header "<f4" "False" "(1, 2)")
        7
        "holds 7 bytes of elements, but its shape and dtype need 8"

    rejects (header "<f4" "False" "(1, 2)") 9 "holds 9 bytes"
    let huge = "(4611686018427387904, 4611686018427387904)"
    rejects (header "<f4" "False" huge) 8 "more elements than a file can hold"
    rejects (header "<f4" "False" "(99999999999999999999, 1)") 8 "more elements"
    rejects (header "<f4" "False" "(0, 4611686018427387904)") 0 "does not fit into memory"

[<Fact>]
let ``a header that is no dictionary of the three fields is refused`` () =
    for text in
        [ ""
          "{"
          "[]"
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)"
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}"
          "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}"
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}"
          "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2)}"
          "{'descr': '<f4', 'fortran_order': Falsch, 'shape': (1, 2)}"
          "{'descr': '<f4, 'fortran_order': False, 'shape': (1, 2)}"
          "{'descr': '<f4' 'fortran_order': False, 'shape': (1, 2)}"
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)} x"
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}\000" ] do
        rejects text 8 "the header is no dictionary of an array, at its character"

    rejects "{'descr': '<f4', 'shape': (1, 2)}" 8 "has no fortran_order"
    rejects (header "<f4" "False" "(1, 2), 'shape': (1, 2)") 8 "gives shape twice"
    rejects (header "<f4" "False" "(1, 2), 'more': True") 8 "unknown field 'more'"
    rejects (header "<f4" "'False'" "(1, 2)") 8 "a field of the wrong type"

[<Fact>]
let ``a file of another kind or version, or cut short, is refused`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "x.npy"

    let said (content: byte[]) =
        File.WriteAllBytes(path, content)
        problem path

    Assert.Contains("is not an .npy file", said [||])
    Assert.Contains("is not an .npy file", said "PK\003\004 a zipped .npz file"B)
    let start = Array.append [| 0x93uy |] "NUMPY"B
    Assert.Contains("of version 4.0", said (Array.append start [| 4uy; 0uy; 0uy; 0uy; 0uy; 0uy |]))
    Assert.Contains("of version 1.1", said (Array.append start [| 1uy; 1uy; 0uy; 0uy; 0uy; 0uy |]))

    Assert.Contains(
        "claims a header of 4294967295 bytes; the most is 65535",
        said (Array.append start [| 2uy; 0uy; 255uy; 255uy; 255uy; 255uy |])
    )

    Assert.Contains(
        "claims a header of 100 bytes, past the end of the file (12 bytes)",
        said (Array.append start [| 1uy; 0uy; 100uy; 0uy; 0uy; 0uy |])
    )

    File.Delete path
    Assert.Contains("cannot be read: there is no such file", problem path)

[<Fact>]
let ``a damaged file is read or refused, never more`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "damaged.npy"
    Npy.write path (Matrix.init 5 4 (fun row col -> float32 (row - col)))
    let intact = File.ReadAllBytes path

    Property.forAll (Damage.of' intact) (fun damaged ->
        File.WriteAllBytes(path, damaged)
        let before = GC.GetAllocatedBytesForCurrentThread()

        try
            (matrix path).Length <= damaged.Length
        with BadInput _ ->
            GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000L)
