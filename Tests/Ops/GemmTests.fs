module SynthSae.Tests.Ops.GemmTests

open System
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests
open Xunit

/// Sizes around the tiles (12 × 32), the blocks (144, 384) and nothing at all.
let sizes: obj[] list =
    [ [| 1; 1; 1 |]
      [| 12; 32; 4 |]
      [| 13; 33; 5 |]
      [| 11; 31; 3 |]
      [| 150; 70; 390 |]
      [| 24; 64; 384 |]
      [| 7; 40; 769 |]
      [| 5; 3; 0 |]
      [| 0; 4; 2 |] ]

let private operands m n k transA transB =
    (if transA then Samples.gaussian 1 k m else Samples.gaussian 1 m k),
    (if transB then Samples.gaussian 2 n k else Samples.gaussian 2 k n)

[<Theory; MemberData(nameof sizes)>]
let ``the fast product agrees with the plain one in all four orientations`` m n k =
    for transA, transB in [ false, false; false, true; true, false; true, true ] do
        let a, b = operands m n k transA transB
        let bias = Samples.vector 3 n
        let plain, fast = Matrix(m, n), Matrix(m, n)
        GemmReference.multiplyAdd transA a transB b bias plain
        GemmCpu.multiplyAdd 2 transA a transB b bias fast

        // Σ|a·b| of k standard normal products is below 2k here with room to spare.
        let bound = 4.0 * sqrt (float (k + 1)) * 2.0 ** -24.0 * (2.0 * float k + 4.0)
        Assert.InRange(Samples.distance plain fast, 0.0, bound)

[<Fact>]
let ``the product has the same bits on any number of threads`` () =
    let a, b = operands 333 97 500 false true
    let one = Matrix(333, 97)
    GemmCpu.multiply 1 false a true b one

    for threads in 2..5 do
        let several = Matrix(333, 97)
        GemmCpu.multiply threads false a true b several
        Assert.True(one.Span.SequenceEqual(Span.op_Implicit several.Span), $"{threads} threads")

[<Fact>]
let ``a row of the product does not depend on the other rows`` () =
    let a, b = operands 30 64 200 false true
    let whole, alone = Matrix(30, 64), Matrix(1, 64)
    GemmCpu.multiply 2 false a true b whole
    GemmCpu.multiply 2 false (Matrix.ofArray 1 200 (a.Row(17).ToArray())) true b alone
    Assert.Equal<float32[]>(alone.Row(0).ToArray(), whole.Row(17).ToArray())

[<Fact>]
let ``the Gram matrix of rows is their product with themselves, to the bit`` () =
    for rows, length in [ 1, 1; 5, 3; 63, 10; 64, 7; 70, 400; 131, 33; 300, 20 ] do
        let a = Samples.gaussian 1 rows length
        let whole, half = Matrix(rows, rows), Samples.gaussian 2 rows rows
        GemmCpu.multiply 2 false a true a whole
        GemmCpu.gram 3 a half
        Assert.Equal<float32[]>(whole.Span.ToArray(), half.Span.ToArray())

[<Fact>]
let ``shapes that do not fit are refused`` () =
    let a, b, c = Matrix(2, 3), Matrix(4, 5), Matrix(2, 5)
    Assert.Throws<ArgumentException>(fun () -> GemmCpu.multiply 1 false a false b c) |> ignore

[<Fact>]
let ``a bias of another length than the rows of the product is refused`` () =
    let a, b, c = Matrix(2, 3), Matrix(3, 5), Matrix(2, 5)

    for length in [ 1; 4; 6; 40 ] do
        let bias = Samples.vector 3 length

        Assert.Throws<ArgumentException>(fun () -> GemmCpu.multiplyAdd 1 false a false b bias c)
        |> ignore

        Assert.Throws<ArgumentException>(fun () -> GemmReference.multiplyAdd false a false b bias c)
        |> ignore
