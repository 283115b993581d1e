module SynthSae.Tests.Ops.PruneTests

open System
open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests
open Xunit

/// A sample x, codes and a decoder with its bias.
type private Problem =
    { X: Matrix
      Codes: Codes
      Decoder: Matrix
      Bias: float32[] }

/// About half of the entries of `dense`, signs as they are; some rows are empty.
let private someCodes (dense: Matrix) =
    let codes = Codes dense.Cols
    codes.Reset(dense.Rows, dense.Length)
    let mutable next = 0

    for row in 0 .. dense.Rows - 1 do
        codes.RowStart[row] <- next

        for col in 0 .. dense.Cols - 1 do
            if row % 5 <> 3 && dense[row, col] <> 0.0f && (row + 3 * col) % 4 < 2 then
                codes.Index[next] <- col
                codes.Value[next] <- dense[row, col]
                next <- next + 1

    codes.RowStart[dense.Rows] <- next
    codes

let private problem draw seed rows latents dim =
    { X = Samples.gaussian seed rows dim
      Codes = someCodes (draw (seed + 1) rows latents)
      Decoder = draw (seed + 2) latents dim
      Bias = Samples.vector (seed + 3) dim }

let private plainScores problem =
    let scores = Array.create problem.Codes.Count nanf
    let norms = Prune.norms problem.Decoder
    PruneReference.scores problem.X problem.Codes problem.Decoder problem.Bias norms scores
    scores

let private fastScores threads problem =
    let scores = Array.create problem.Codes.Count nanf
    let norms = Prune.norms problem.Decoder
    PruneCpu.scores threads problem.X problem.Codes problem.Decoder problem.Bias norms scores
    scores

let private length (values: seq<float32>) =
    sqrt (values |> Seq.sumBy (fun value -> float value * float value))

/// The contract's tolerance for the entries of a row.
let private tolerance problem row =
    let codes = problem.Codes
    let entries = codes.RowStart[row + 1] - codes.RowStart[row]
    let norms = Prune.norms problem.Decoder

    let written =
        Seq.sum (
            seq {
                for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 ->
                    float (abs codes.Value[entry]) * float norms[codes.Index[entry]]
            }
        )

    let scale = length (problem.X.Row(row).ToArray()) + length problem.Bias + written
    4.0 * float (entries + problem.X.Cols) * (2.0 ** -24.0) * scale

let private sizes = [ 0, 3, 4; 1, 1, 1; 3, 17, 5; 64, 40, 33; 65, 128, 256; 130, 20, 300 ]

[<Fact>]
let ``both backends give the same scores, odd sizes, ties, negative codes and empty rows included``
    ()
    =
    for rows, latents, dim in sizes do
        for draw in [ Samples.gaussian; Samples.tied ] do
            let problem = problem draw 21 rows latents dim
            let plain, fast = plainScores problem, fastScores 2 problem

            for row in 0 .. rows - 1 do
                let bound = tolerance problem row

                for entry in problem.Codes.RowStart[row] .. problem.Codes.RowStart[row + 1] - 1 do
                    Agreement.close
                        $"score {entry} of {rows}×{latents}×{dim}"
                        bound
                        (float plain[entry])
                        (float fast[entry])

[<Fact>]
let ``scores do not depend on the number of threads`` () =
    let problem = problem Samples.gaussian 31 200 50 70
    let one = fastScores 1 problem

    for threads in [ 2; 3; 8 ] do
        Assert.Equal<float32>(one, fastScores threads problem)

let private kept threshold (scores: float32[]) (codes: Codes) =
    let plain, fast = Codes codes.Width, Codes codes.Width
    PruneReference.keep codes scores threshold plain
    PruneCpu.keep 3 codes scores threshold fast
    Assert.Equal(Samples.entries plain, Samples.entries fast)
    plain

[<Fact>]
let ``both backends keep the same entries, those equal to the threshold dropped`` () =
    for rows, latents, dim in sizes do
        let problem = problem Samples.tied 41 rows latents dim
        let codes = problem.Codes
        // Many scores equal one another and the thresholds.
        let scores = plainScores problem |> Array.map (fun z -> round (2.0f * z) / 2.0f)

        for threshold in [ -infinityf; -1.0f; 0.0f; 0.5f; 2.0f; infinityf ] do
            let kept = kept threshold scores codes
            let expected = scores |> Array.filter (fun z -> z > threshold) |> Array.length
            Assert.Equal(expected, kept.Count)

[<Fact>]
let ``a threshold of minus infinity keeps every entry`` () =
    let problem = problem Samples.gaussian 51 20 30 16
    let kept = kept -infinityf (plainScores problem) problem.Codes
    Assert.Equal(Samples.entries problem.Codes, Samples.entries kept)

[<Fact>]
let ``pruning never adds, and a higher threshold keeps less`` () =
    let thresholds = Gen.choose (-40, 40) |> Gen.map (fun n -> float32 n / 8.0f)
    let problem = problem Samples.tied 61 15 20 8
    let scores = plainScores problem

    let entries (codes: Codes) =
        Set.ofList
            [ for row in 0 .. codes.Rows - 1 do
                  for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                      row, codes.Index[entry], codes.Value[entry] ]

    let all = entries problem.Codes

    Property.forAll (Gen.two thresholds) (fun (a, b) ->
        let low = entries (kept (min a b) scores problem.Codes)
        let high = entries (kept (max a b) scores problem.Codes)
        Set.isSubset low all && Set.isSubset high low)

/// Rows with one element each: orthogonal, of norms 1, 2, 3 …
let private orthogonal latents dim =
    Matrix.init latents dim (fun j d -> if d = j then float32 (j + 1) else 0.0f)

[<Fact>]
let ``with an orthogonal decoder the score is the projection on the latent's direction`` () =
    let problem =
        { problem Samples.gaussian 71 12 6 9 with
            Decoder = orthogonal 6 9 }

    for scores in [ plainScores problem; fastScores 2 problem ] do
        for row in 0..11 do
            for entry in problem.Codes.RowStart[row] .. problem.Codes.RowStart[row + 1] - 1 do
                let latent = problem.Codes.Index[entry]
                let projection = float (problem.X[row, latent] - problem.Bias[latent])
                let sign = if problem.Codes.Value[entry] < 0.0f then -1.0 else 1.0

                Agreement.close
                    $"entry {entry}"
                    (tolerance problem row)
                    (sign * projection)
                    (float scores[entry])

[<Fact>]
let ``scores are amplitudes: they do not change when norms move from decoder to codes`` () =
    let problem = problem Samples.gaussian 81 10 24 40
    let norms = Prune.norms problem.Decoder
    let codes = Codes 24
    Codes.copyInto codes problem.Codes

    for entry in 0 .. codes.Count - 1 do
        codes.Value[entry] <- codes.Value[entry] * norms[codes.Index[entry]]

    let unit =
        { problem with
            Codes = codes
            Decoder = Matrix.init 24 40 (fun j d -> problem.Decoder[j, d] / norms[j]) }

    let before, after = plainScores problem, plainScores unit

    for row in 0..9 do
        for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
            Agreement.close
                $"entry {entry}"
                (tolerance problem row)
                (float before[entry])
                (float after[entry])

[<Fact>]
let ``a latent that another one stands in for has a score near zero`` () =
    // x is all the first direction; the second one, at cosine 0.6, fires by mistake.
    let decoder = Matrix.ofArray 2 2 [| 1.0f; 0.0f; 0.6f; 0.8f |]
    let codes = Codes.ofDense (Matrix.ofArray 1 2 [| 5.0f; 1.0f |])

    let problem =
        { X = Matrix.ofArray 1 2 [| 5.0f; 0.0f |]
          Codes = codes
          Decoder = decoder
          Bias = [| 0.0f; 0.0f |] }

    let scores = plainScores problem
    Assert.Equal(4.4f, scores[0], 1e-5f)
    Assert.Equal(0.0f, scores[1], 1e-5f)
    Assert.Equal<int>([| 0 |], (kept 2.0f scores codes).RowIndex(0).ToArray())

[<Fact>]
let ``a latent whose decoder row is zero scores nothing`` () =
    let problem = problem Samples.gaussian 91 4 6 5

    let problem =
        { problem with
            Decoder = Matrix.init 6 5 (fun j d -> if j = 2 then 0.0f else problem.Decoder[j, d]) }

    for scores in [ plainScores problem; fastScores 1 problem ] do
        let ofZeroRow =
            [ for entry in 0 .. problem.Codes.Count - 1 do
                  if problem.Codes.Index[entry] = 2 then
                      abs scores[entry] ]

        Assert.NotEmpty ofZeroRow
        Assert.True(List.max ofZeroRow < 1e-6f)

[<Fact>]
let ``shapes that do not fit are refused`` () =
    let problem = problem Samples.gaussian 95 4 6 5
    let norms = Prune.norms problem.Decoder

    let refused (x, bias: float32[], norms: float32[], room: int) =
        for run in [ PruneReference.scores; PruneCpu.scores 2 ] do
            Assert.Throws<ArgumentException>(fun () ->
                run x problem.Codes problem.Decoder bias norms (Array.zeroCreate room))
            |> ignore

    let count = problem.Codes.Count
    refused (Matrix(3, 5), problem.Bias, norms, count)
    refused (Matrix(4, 6), problem.Bias, norms, count)
    refused (problem.X, Array.zeroCreate 4, norms, count)
    refused (problem.X, problem.Bias, Array.zeroCreate 5, count)
    refused (problem.X, problem.Bias, norms, count - 1)
