module SynthSae.Tests.Shell.TransformTests

open System
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

let private matrix (path: string) (name: string) =
    use file = Safetensors.read path
    file.Matrix name

let private write (path: string) name (values: Matrix) =
    Safetensors.write path [] [ name, Tensor.Matrix values ]

let private largestDifference (a: Matrix) (b: Matrix) =
    Assert.Equal((a.Rows, a.Cols), (b.Rows, b.Cols))

    Seq.zip (a.Span.ToArray()) (b.Span.ToArray())
    |> Seq.map (fun (x, y) -> abs (x - y))
    |> Seq.max

/// What encode and decode write is what the reference computed.
[<Theory>]
[<InlineData("batchtopk")>]
[<InlineData("topk")>]
[<InlineData("jumprelu")>]
[<InlineData("standard")>]
let ``files are encoded and decoded as the reference does`` (name: string) =
    use folder = new TemporaryFolder()

    let sae, outputs =
        Oracles.path $"saes/{name}", Oracles.path $"saes/{name}/outputs.safetensors"

    let f, y = folder.File "f.safetensors", folder.File "y.safetensors"
    let encoded = Cli.run [ "encode"; sae; "--input"; outputs; "--output"; f ]
    Assert.Equal((0, ""), (encoded.Code, encoded.Out))
    Assert.True(largestDifference (matrix f "f") (matrix outputs "encode") < 1e-4f)
    let decoded = Cli.run [ "decode"; sae; "--input"; f; "--output"; y ]
    Assert.Equal((0, ""), (decoded.Code, decoded.Out))
    Assert.True(largestDifference (matrix y "x") (matrix outputs "decode") < 1e-4f)

[<Fact>]
let ``float64 activations are encoded as their float32 values`` () =
    use folder = new TemporaryFolder()
    let sae = Oracles.path "saes/topk"
    let x = matrix (Oracles.path "saes/topk/outputs.safetensors") "x"
    let wide, f = folder.File "x64.safetensors", folder.File "f.safetensors"
    let values = Array.map float (x.Span.ToArray())
    Safetensors.write wide [] [ "x", Tensor.Float64([ x.Rows; x.Cols ], values) ]
    Assert.Equal(0, (Cli.run [ "encode"; sae; "--input"; wide; "--output"; f ]).Code)

    Assert.True(
        largestDifference
            (matrix f "f")
            (matrix (Oracles.path "saes/topk/outputs.safetensors") "encode")
            <
            1e-4f
    )

[<Fact>]
let ``a tensor of another shape is refused with both shapes`` () =
    use folder = new TemporaryFolder()
    let input = folder.File "x.safetensors"
    write input "x" (Matrix(3, 7))

    let outcome =
        Cli.run
            [ "encode"; Oracles.path "saes/topk"; "--input"; input; "--output"; folder.File "f" ]

    Assert.Equal(2, outcome.Code)
    Assert.Contains("(3, 7)", outcome.Error)
    Assert.Contains("(n, 24)", outcome.Error)
    Assert.False(IO.File.Exists(folder.File "f"))

[<Theory>]
[<InlineData(Single.NaN)>]
[<InlineData(Single.NegativeInfinity)>]
let ``a number that is not finite is refused with its row`` (value: float32) =
    use folder = new TemporaryFolder()
    let input, output = folder.File "x.safetensors", folder.File "f.safetensors"
    write input "x" (Matrix.init 3 24 (fun row col -> if (row, col) = (2, 5) then value else 1f))

    let outcome =
        Cli.run [ "encode"; Oracles.path "saes/topk"; "--input"; input; "--output"; output ]

    Assert.Equal(2, outcome.Code)
    Assert.Contains("'x'", outcome.Error)
    Assert.Contains("in row 2", outcome.Error)
    Assert.False(IO.File.Exists output)

[<Fact>]
let ``a file without the tensor is refused with its name`` () =
    use folder = new TemporaryFolder()
    let input = folder.File "x.safetensors"
    write input "data" (Matrix(3, 24))

    let outcome =
        Cli.run
            [ "decode"; Oracles.path "saes/topk"; "--input"; input; "--output"; folder.File "y" ]

    Assert.Equal(2, outcome.Code)
    Assert.Contains("'f'", outcome.Error)

[<Fact>]
let ``samples in an npy file are those in safetensors`` () =
    use folder = new TemporaryFolder()

    let sample name =
        let args = [ "sample"; "tiny"; "--samples"; "50"; "--cache"; "none"; "--out" ]
        Assert.Equal(0, (Cli.run (args @ [ folder.File name ])).Code)

    sample "x.safetensors"
    sample "x.npy"
    use array = Npy.read (folder.File "x.npy")

    Assert.Equal<float32>(
        (matrix (folder.File "x.safetensors") "x").Span.ToArray(),
        array.Matrix().Span.ToArray()
    )

[<Fact>]
let ``samples in a file are those of the world, with their codes`` () =
    use folder = new TemporaryFolder()
    let path = folder.File "samples.safetensors"

    let outcome =
        Cli.run [ "sample"; "tiny"; "--samples"; "1500"; "--out"; path; "--cache"; "none" ]

    Assert.Equal((0, ""), (outcome.Code, outcome.Out))
    use file = Safetensors.read path
    let x, rowStart = file.Matrix "x", file.Int64 "row_start"
    let index, value = file.Int32 "index", file.Float32 "value"
    Assert.Equal((1500, 16), (x.Rows, x.Cols))
    Assert.Equal(1501, rowStart.Length)
    Assert.Equal(int rowStart[1500], index.Length)

    // Decoding the codes with the world's own dictionary gives x back.
    let world =
        match
            SynthSae.Spec.Presets.tryFind "tiny"
            |> Option.bind (fun preset -> SynthSae.Spec.RunSpec.model preset.Run)
        with
        | Some model ->
            match SynthSae.Spec.SyntheticModelSpec.validate model with
            | Ok valid -> WorldCompiler.compile Backend.cpu valid
            | Error errors -> failwith $"{errors}"
        | other -> failwith $"{other}"

    for row in 0 .. x.Rows - 1 do
        for col in 0 .. x.Cols - 1 do
            let mutable sum = float world.Bias[col]

            for entry in int rowStart[row] .. int rowStart[row + 1] - 1 do
                sum <- sum + float value[entry] * float world.Dictionary[index[entry], col]

            Assert.True(abs (float x[row, col] - sum) < 1e-4)
