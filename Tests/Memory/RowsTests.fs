module SynthSae.Tests.RowsTests

open System
open FsCheck.FSharp
open SynthSae.Compute
open Xunit

let private rows =
    Gen.choose (0, 70)
    |> Gen.bind (fun n ->
        Gen.arrayOfLength n (Gen.choose (-1000, 1000) |> Gen.map (fun i -> float32 i / 7.0f)))

[<Fact>]
let ``the squared norm is a sum in double`` () =
    Property.forAll rows (fun row ->
        let expected = row |> Array.sumBy (fun x -> float x * float x)
        abs (Rows.squaredNorm (ReadOnlySpan row) - expected) <= 1e-12 * expected)

[<Fact>]
let ``normalised rows have the asked norm, and zeros stay zeros`` () =
    Property.forAll rows (fun row ->
        let isZero = row |> Array.forall ((=) 0.0f)
        Rows.normaliseTo 2.0 (row.AsSpan())
        let norm = Math.Sqrt(row |> Array.sumBy (fun x -> float x * float x))
        if isZero then norm = 0.0 else abs (norm - 2.0) < 1e-6)

[<Fact>]
let ``every row of a matrix is normalised, by any number of threads`` () =
    let draw () =
        Matrix.init 201 19 (fun i k -> float32 (i * 31 + k * 17 % 23) - 11.0f)

    let one, three = draw (), draw ()
    Rows.normalise 1 one
    Rows.normalise 3 three
    Assert.Equal<float32[]>(one.Span.ToArray(), three.Span.ToArray())

    for i in 0..200 do
        Assert.Equal(1.0, Rows.squaredNorm (Span<float32>.op_Implicit(one.Row i)), 1e-6)
