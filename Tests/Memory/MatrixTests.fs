module SynthSae.Tests.Memory.MatrixTests

open SynthSae.Compute
open Xunit

[<Theory>]
[<InlineData(10_000_000, 768)>]
[<InlineData(65_536, 65_536)>]
let ``a matrix of more elements than an array holds is an input error`` rows cols =
    let error = Assert.Throws<BadInput>(fun () -> Matrix(rows, cols) |> ignore)
    Assert.Contains($"{rows} × {cols}", error.Message)
