module SynthSae.Tests.MagnitudesTests

open System
open SynthSae.Compute
open SynthSae.Spec
open Xunit

let private near (expected: float list) (actual: float32[]) =
    Assert.Equal(expected.Length, actual.Length)

    for e, a in Seq.zip expected actual do
        Assert.Equal(e, float a, 1e-6)

[<Fact>]
let ``vectors follow their formulas`` () =
    near [ 2.0; 2.0 ] (Magnitudes.compile 0L 2 (Magnitude.Constant 2.0))
    near [ 5.0; 4.5; 4.0 ] (Magnitudes.compile 0L 3 (Magnitude.Linear(5.0, 4.0)))
    near [ 1.0; 3.0; 9.0 ] (Magnitudes.compile 0L 3 (Magnitude.Exponential(1.0, 9.0)))
    near [ 0.5; 7.0 ] (Magnitudes.compile 0L 2 (Magnitude.Explicit [| 0.5; 7.0 |]))

[<Fact>]
let ``a single feature has the first value`` () =
    near [ 5.0 ] (Magnitudes.compile 0L 1 (Magnitude.Linear(5.0, 4.0)))
    near [ 5.0 ] (Magnitudes.compile 0L 1 (Magnitude.Exponential(5.0, 4.0)))

[<Fact>]
let ``a folded normal is the absolute value of torch's normal draw`` () =
    let std = Magnitudes.compile 43L 16384 (Magnitude.FoldedNormal(0.5, 0.5, None, None))

    for i, expected in
        List.indexed [ 0.4917; 0.2666; 1.5455; 0.8075; 0.2190; 0.2929; 0.1501; 0.4494 ] do
        Assert.Equal(expected, float std[i], 1e-4)

    Assert.Equal(0.58138, std |> Array.averageBy float, 5e-6)
    Assert.Equal(2.5675, float (Array.max std), 5e-5)

[<Fact>]
let ``a folded normal keeps its bounds`` () =
    let values = Magnitudes.compile 1L 1000 (Magnitude.FoldedNormal(0.5, 0.5, Some 0.2, Some 0.9))
    Assert.Equal(0.2f, Array.min values)
    Assert.Equal(0.9f, Array.max values)
