module SynthSae.Tests.OrthogonaliseTests

open System
open SynthSae.Compute
open SynthSae.Compute.Ops
open Xunit

let private dot (a: Matrix) i (b: Matrix) j =
    Seq.sum (seq { for k in 0 .. a.Cols - 1 -> float a[i, k] * float b[j, k] })

let private agree n d steps lr =
    let random = Dictionaries.randomUnit 1 17UL n d
    let reference, cpu = Matrix.copy random, Matrix.copy random
    OrthogonaliseReference.run steps lr reference
    OrthogonaliseCpu.run 2 steps lr cpu

    for i in 0 .. n - 1 do
        let cosine = dot reference i cpu i
        Assert.True(cosine >= 1.0 - 1e-5, $"{n} × {d}, row {i}: cosine {cosine}")
        Assert.Equal(1.0, dot cpu i cpu i, 1e-6)

        for k in 0 .. d - 1 do
            Assert.InRange(
                cpu[i, k],
                reference[i, k] - 8.0f * float32 lr,
                reference[i, k] + 8.0f * float32 lr
            )

[<Fact>]
let ``the closed form agrees with the sum over pairs`` () =
    for n, d in [ 60, 20; 33, 17; 40, 64; 2, 3; 1, 5; 5, 1 ] do
        agree n d 40 1e-3

[<Fact>]
let ``steps of another rate and number agree`` () =
    agree 50 24 1 1e-2
    agree 30 10 100 3e-4

[<Fact>]
let ``the gradient is the slope of the loss`` () =
    let random = Random 5
    let rows = Array.init 6 (fun _ -> Array.init 4 (fun _ -> random.NextDouble() - 0.5))
    let gradient = OrthogonaliseReference.gradient rows
    let h = 1e-5

    for i in 0..5 do
        for k in 0..3 do
            let moved step =
                let copy = rows |> Array.map Array.copy
                copy[i][k] <- copy[i][k] + step
                OrthogonaliseReference.loss copy

            let slope = (moved h - moved -h) / (2.0 * h)
            Assert.Equal(slope, gradient[i][k], 1e-6 * (1.0 + abs slope))

[<Fact>]
let ``the result does not depend on the threads`` () =
    let run threads =
        let v = Dictionaries.randomUnit 1 17UL 130 37
        OrthogonaliseCpu.run threads 10 1e-3 v
        v.Span.ToArray()

    Assert.Equal<float32[]>(run 1, run 3)

[<Fact>]
let ``no step only normalises`` () =
    let v = Matrix.ofArray 2 2 [| 3.0f; 4.0f; 0.0f; 2.0f |]
    OrthogonaliseCpu.run 1 0 1e-3 v
    Assert.Equal<float32[]>([| 0.6f; 0.8f; 0.0f; 1.0f |], v.Span.ToArray())
