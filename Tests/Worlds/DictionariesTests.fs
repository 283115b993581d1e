module SynthSae.Tests.DictionariesTests

open System
open SynthSae.Compute
open SynthSae.Spec
open Xunit

let private dot (v: Matrix) i j =
    Seq.sum (seq { for k in 0 .. v.Cols - 1 -> float v[i, k] * float v[j, k] })

[<Fact>]
let ``random rows have norm 1 and no direction in common`` () =
    let n, d = 400, 50
    let v = Dictionaries.randomUnit 2 11UL n d

    for i in 0 .. n - 1 do
        Assert.Equal(1.0, dot v i i, 1e-6)

    // |mean of n random unit vectors|² is 1/n on average, with relative sd √(2/d).
    let mean = Array.init d (fun k -> Seq.average (seq { for i in 0 .. n - 1 -> float v[i, k] }))
    let norm2 = mean |> Array.sumBy (fun x -> x * x)
    Assert.InRange(norm2 * float n, 0.0, 1.0 + 5.0 * sqrt (2.0 / float d))

[<Fact>]
let ``a row depends neither on the threads nor on the number of rows`` () =
    let few = Dictionaries.randomUnit 1 11UL 70 13
    let many = Dictionaries.randomUnit 3 11UL 301 13
    Assert.Equal<float32[]>(few.Span.ToArray(), many.Span.Slice(0, 70 * 13).ToArray())

[<Fact>]
let ``orthogonal directions are orthogonal and of norm 1`` () =
    for n, d in [ 50, 100; 7, 7; 1, 3 ] do
        let v = Dictionaries.mutuallyOrthogonal 5UL n d

        for i in 0 .. n - 1 do
            for j in 0..i do
                Assert.Equal((if i = j then 1.0 else 0.0), dot v i j, 1e-6)

[<Fact>]
let ``more orthogonal directions than dimensions are bad input`` () =
    Assert.Throws<BadInput>(fun () -> Dictionaries.mutuallyOrthogonal 5UL 4 3 |> ignore)
    |> ignore

[<Fact>]
let ``given rows are normalised, and a row of zeros stays`` () =
    let v = Dictionaries.given 1 [| [| 3.0f; 4.0f |]; [| 0.0f; 0.0f |] |] 2
    Assert.Equal<float32[]>([| 0.6f; 0.8f; 0.0f; 0.0f |], v.Span.ToArray())

[<Fact>]
let ``the bias has the asked norm, and 0 means none`` () =
    let norm (x: float32[]) =
        Math.Sqrt(x |> Array.sumBy (fun v -> float v * float v))

    Assert.Equal(0.5, norm (Dictionaries.bias 42UL 768 0.5), 1e-6)
    Assert.Equal<float32[]>(Array.zeroCreate 5, Dictionaries.bias 42UL 5 0.0)

[<Fact>]
let ``orthogonalisation reaches the smallest possible sum of squared cosines`` () =
    let n, d = 200, 40
    let spec = SyntheticModelSpec.create n d

    let pairSum orthogonalization =
        let spec = { spec with Orthogonalization = orthogonalization }
        let v = Dictionaries.compile Backend.cpu 1UL spec

        Seq.sum (
            seq {
                for i in 0 .. n - 1 do
                    for j in 0 .. n - 1 do
                        if i <> j then
                            dot v i j ** 2.0
            }
        )

    // The Welch bound of n unit vectors in d dimensions; random ones have n(n−1)/d.
    let floor = float (n * n) / float d - float n

    let settings = { NumSteps = 100; Lr = 3e-3; ChunkSize = 1024 }

    Assert.InRange(pairSum None, 1.1 * floor, 2.0 * floor)
    Assert.InRange(pairSum (Some settings), floor, 1.01 * floor)
