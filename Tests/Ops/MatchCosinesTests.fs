module SynthSae.Tests.Ops.MatchCosinesTests

open System
open Xunit
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests

/// Standard normal elements.
let private gaussian key rows cols =
    Matrix.init rows cols (fun row col ->
        float32 (Draw.normal key Stream.Inspection Purpose.FeatureVector (int64 row) col))

let private tolerance (rows: Matrix) =
    4.0f * sqrt (float32 rows.Cols) * MathF.ScaleB(1.0f, -24)

/// Values agree in order, and each listed column has the weight that the whole row gives.
let private agree (rows: Matrix) (others: Matrix) (nearest: Candidates) =
    let expected = MatchCosinesReference.nearest rows others nearest.Count
    let whole = MatchCosinesReference.weights rows others [| 0 .. rows.Rows - 1 |]
    Assert.Equal(expected.Count, nearest.Count)

    for row in 0 .. rows.Rows - 1 do
        for k in row * nearest.Count .. (row + 1) * nearest.Count - 1 do
            Assert.Equal(expected.Weight[k], nearest.Weight[k], tolerance rows)
            Assert.Equal(whole[row, nearest.Index[k]], nearest.Weight[k], tolerance rows)

        let listed = nearest.Index[row * nearest.Count .. (row + 1) * nearest.Count - 1]
        Assert.Equal(nearest.Count, (Array.distinct listed).Length)

[<Theory>]
[<InlineData(1, 1, 1, 1)>]
[<InlineData(5, 3, 2, 8)>]
[<InlineData(17, 70, 33, 4)>]
[<InlineData(70, 17, 24, 32)>]
[<InlineData(600, 131, 40, 5)>]
let ``the blocked cosines agree with the plain ones`` rows others dim count =
    let a, b = gaussian 1UL rows dim, gaussian 2UL others dim
    agree a b (MatchCosinesCpu.nearest 2 a b count)

[<Fact>]
let ``others beyond one block enter the lists`` () =
    let a, b = gaussian 3UL 600 6, gaussian 4UL 30000 6
    let nearest = MatchCosinesCpu.nearest 2 a b 3
    let whole = MatchCosinesReference.weights a b [| 0; 599 |]

    for i, row in [ 0, 0; 1, 599 ] do
        let best = Seq.max (Seq.init 30000 (fun other -> whole[i, other]))
        Assert.Equal(best, nearest.Weight[row * 3], tolerance a)

    Assert.Contains(nearest.Index, fun index -> index > 20000)

[<Fact>]
let ``lists do not depend on the number of threads`` () =
    let a, b = gaussian 5UL 1100 16, gaussian 6UL 300 16
    let one, three = MatchCosinesCpu.nearest 1 a b 7, MatchCosinesCpu.nearest 3 a b 7
    Assert.Equal<int[]>(one.Index, three.Index)
    Assert.Equal<float32[]>(one.Weight, three.Weight)

[<Fact>]
let ``whole rows have the same bits as the lists`` () =
    let a, b = gaussian 7UL 90 800, gaussian 8UL 150 800
    let nearest = MatchCosinesCpu.nearest 2 a b 150
    let selected = [| 80; 3; 11 |]
    let whole = MatchCosinesCpu.weights 2 a b selected

    for i in 0..2 do
        for k in selected[i] * 150 .. selected[i] * 150 + 149 do
            Assert.Equal(whole[i, nearest.Index[k]], nearest.Weight[k])

[<Fact>]
let ``equal cosines keep the order of their columns, whatever their sign or scale`` () =
    let direction = gaussian 9UL 1 20
    let row = Matrix.init 1 20 (fun _ col -> 3.0f * direction[0, col])

    let others =
        Matrix.init 40 20 (fun other col ->
            match other % 3 with
            | 0 -> 0.0f
            | 1 -> direction[0, col]
            | _ -> -4.0f * direction[0, col])

    for nearest in
        [ MatchCosinesReference.nearest row others 5; MatchCosinesCpu.nearest 2 row others 5 ] do
        Assert.Equal<int[]>([| 1; 2; 4; 5; 7 |], nearest.Index)
        Assert.All(nearest.Weight, fun weight -> Assert.Equal(1.0f, weight, 1e-6f))

[<Fact>]
let ``a zero row has cosine 0 with everything, and norms below 1e-8 count as 1e-8`` () =
    let rows = Matrix.ofArray 2 2 [| 0.0f; 0.0f; 1e-9f; 0.0f |]
    let others = Matrix.ofArray 2 2 [| 0.0f; 1.0f; 2.0f; 0.0f |]

    for whole in
        [ MatchCosinesReference.weights rows others [| 0; 1 |]
          MatchCosinesCpu.weights 2 rows others [| 0; 1 |] ] do
        Assert.Equal<float32[]>([| 0.0f; 0.0f; 0.0f |], whole.Span.ToArray()[..2])
        Assert.Equal(0.1f, whole[1, 1], 1e-6f)

[<Fact>]
let ``a row that is not finite is refused by name`` () =
    let rows = Matrix.init 3 4 (fun row _ -> if row = 1 then Single.NaN else 1.0f)

    let problem =
        Assert.Throws<BadInput>(fun () -> MatchCosinesCpu.nearest 1 rows rows 1 |> ignore)

    Assert.Contains("row 1", problem.Message)

[<Fact>]
let ``rows and others must have the same dimension`` () =
    Assert.Throws<ArgumentException>(fun () ->
        MatchCosinesCpu.nearest 1 (Matrix.zeros 2 3) (Matrix.zeros 2 4) 1 |> ignore)
