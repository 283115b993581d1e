module SynthSae.Tests.OrderStatisticsTests

open FsCheck.FSharp
open SynthSae.Compute
open Xunit

/// Rows of every length below 100, with ties, zeros and denormal numbers.
let private rows =
    let number =
        Gen.frequency
            [ 5, Gen.choose (0, 1_999_999) |> Gen.map (fun i -> float32 i * 1e-6f)
              2, Gen.elements [ 0.0f; 0.5f; 1.0f; 1.0000001f ]
              1, Gen.choose (0, 100_000) |> Gen.map System.BitConverter.Int32BitsToSingle ]

    Gen.choose (1, 99) |> Gen.bind (fun n -> Gen.arrayOfLength n number)

let private load (values: float32[]) =
    let matrix = Matrix.ofArray 1 values.Length values
    let scratch = OrderStatistics()
    scratch.Load(matrix.Ptr, values.Length)
    matrix, scratch

[<Fact>]
let ``every rank is that of the sorted row`` () =
    Property.forAll rows (fun values ->
        let matrix, scratch = load values
        let found = Array.init values.Length (fun k -> scratch.Largest(k + 1))
        System.GC.KeepAlive matrix
        found = Array.sortDescending values)

[<Fact>]
let ``quantiles lie between neighbouring ranks as numpy's do`` () =
    let matrix, scratch = load [| 0.4f; 0.1f; 0.3f; 0.2f |]
    Assert.Equal(0.1, scratch.Quantile 0.0, 1e-6)
    Assert.Equal(0.4, scratch.Quantile 1.0, 1e-6)
    Assert.Equal(0.25, scratch.Quantile 0.5, 1e-6)
    Assert.Equal(0.385, scratch.Quantile 0.95, 1e-6)
    System.GC.KeepAlive matrix
