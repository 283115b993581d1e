module SynthSae.Tests.Ops.UnitRowsTests

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests
open Xunit

[<Fact>]
let ``rows are scaled to norm 1 alike on both backends, and zeros stay`` () =
    for rows, cols in [ 1, 1; 5, 17; 130, 64 ] do
        let plain = Samples.gaussian 3 rows cols
        plain.Row(rows - 1).Clear()
        let one, three = Matrix.copy plain, Matrix.copy plain
        UnitRowsReference.normalise plain
        UnitRowsCpu.normalise 1 one
        UnitRowsCpu.normalise 3 three
        Assert.InRange(Samples.distance plain one, 0.0, 1e-6)
        Assert.Equal<float32[]>(one.Span.ToArray(), three.Span.ToArray())

        for j in 0 .. rows - 2 do
            Assert.Equal(1.0, float (Simd.norm (one.RowPtr j) cols), 5)

        Assert.All(one.Row(rows - 1).ToArray(), fun value -> Assert.Equal(0.0f, value))

[<Fact>]
let ``a projected gradient has no part along its row`` () =
    for rows, cols in [ 1, 2; 5, 17; 130, 64 ] do
        let units = Samples.gaussian 3 rows cols
        UnitRowsCpu.normalise 2 units
        let plain = Samples.gaussian 4 rows cols
        let fast = Matrix.copy plain
        UnitRowsReference.project units plain
        UnitRowsCpu.project 2 units fast
        Assert.InRange(Samples.distance plain fast, 0.0, 1e-5)

        for j in 0 .. rows - 1 do
            let along = Simd.dot (fast.RowPtr j) (units.RowPtr j) cols
            Assert.InRange(abs along, 0.0f, 1e-5f)
