module SynthSae.Tests.Baselines.ThresholdsTests

open System
open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Baselines
open SynthSae.Tests
open Xunit

/// F1 of `score > threshold` as a sign of activity.
let private f1 (scores: float32[]) (active: int[]) threshold =
    let fired = scores |> Array.filter (fun score -> score > threshold) |> Array.length
    let hits = active |> Array.filter (fun row -> scores[row] > threshold) |> Array.length
    2.0 * float hits / float (max 1 (fired + active.Length))

/// Scores with ties, negative ones and zeros, and which of them are active.
let private cases =
    gen {
        let! count = Gen.choose (1, 40)
        let! scores = Gen.arrayOfLength count (Gen.choose (-8, 12))
        let! active = Gen.arrayOfLength count (Gen.elements [ true; false; false ])

        return
            Array.map (fun score -> float32 score / 4.0f) scores,
            [| for row in 0 .. count - 1 do
                   if active[row] then
                       row |]
    }

[<Fact>]
let ``no threshold of at least 0 is better for F1 than the best`` () =
    Property.forAll cases (fun (scores, active) ->
        let others =
            Seq.append [ 0.0f ] (scores |> Seq.filter (fun score -> score > 0.0f))
            |> Seq.map (f1 scores active)

        match Thresholds.bestForF1 (scores.AsSpan()) active with
        | Some threshold ->
            threshold >= 0.0f && f1 scores active threshold >= Seq.max others - 1e-12
        | None -> Seq.max others = 0.0)

[<Fact>]
let ``the best threshold lies midway between what it tells apart`` () =
    let scores = [| 5.0f; 1.0f; 4.0f; -2.0f; 2.0f |]
    Assert.Equal(Some 3.0f, Thresholds.bestForF1 (scores.AsSpan()) [| 0; 2 |])
    // Below the last active one comes a silent one, then 0.
    Assert.Equal(Some 0.5f, Thresholds.bestForF1 (scores.AsSpan()) [| 0; 1; 2; 4 |])
    Assert.Equal(None, Thresholds.bestForF1 (scores.AsSpan()) [| 3 |])
    Assert.Equal(None, Thresholds.bestForF1 (scores.AsSpan()) [||])

[<Fact>]
let ``as many scores exceed the common threshold as are to be kept`` () =
    let sae = Samples.sae 5 300 24 Activation.Relu
    let x = Samples.gaussian 9 500 24
    let truth = Codes.ofDense (Samples.tied 3 500 300)
    let pre = PlainSae.pre sae x |> Seq.cast<float> |> Seq.toArray

    for keep in [ 1.0; 7.3; 100.0 ] do
        let thresholds = Thresholds.fit (Backend.Cpu 2) sae x truth keep
        let common = float thresholds.Global

        let above factor =
            pre |> Array.filter (fun score -> score > common * factor) |> Array.length |> float

        // A bin is 2⁻¹² wide, and float32 scores are off by less than that.
        Assert.InRange(keep * 500.0, above (1.0 + 1e-3), above (1.0 - 1e-3))

    let all = Thresholds.fit (Backend.Cpu 2) sae x truth 300.0
    Assert.Equal(0.0f, all.Global)
    let none = Thresholds.fit (Backend.Cpu 2) sae x truth 0.0
    Assert.Equal(infinityf, none.Global)

[<Fact>]
let ``each latent's own threshold is the best for its feature, or the common one`` () =
    let sae = Samples.sae 5 70 24 Activation.Relu
    let x = Samples.gaussian 9 400 24
    let activity = Samples.gaussian 4 400 90
    // Feature 0 is never active.
    let truth =
        Codes.ofDense (Matrix.init 400 90 (fun row i -> if i = 0 then 0.0f else activity[row, i]))

    let pre = PlainSae.pre sae x

    for backend in [ Backend.Reference; Backend.Cpu 3 ] do
        let thresholds = Thresholds.fit backend sae x truth 5.0
        Assert.Equal(thresholds.Global, thresholds.Own[0])

        for latent in 1..69 do
            let scores = Array.init 400 (fun row -> float32 pre[row, latent])
            let active = [| 0..399 |] |> Array.filter (fun row -> activity[row, latent] > 0.0f)
            let best = (Thresholds.bestForF1 (scores.AsSpan()) active).Value

            Assert.Equal(
                f1 scores active best,
                f1 scores active thresholds.Own[latent],
                // Scores that float32 tells apart otherwise than double may swap once.
                4.0 / 400.0
            )
