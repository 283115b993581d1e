namespace SynthSae.Compute

open SynthSae.Compute.Ops

/// The metrics of dense batches, in double, as the reference's documentation words them.
module MetricsReference =
    let private mean (values: seq<float>) =
        if Seq.isEmpty values then 0.0 else Seq.average values

    let private norm (row: seq<float>) = sqrt (Seq.sumBy (fun v -> v * v) row)

    let private row (matrix: Matrix) i =
        [| for value in matrix.Row(i).ToArray() -> float value |]

    /// Column `column` > 0, per sample.
    let private on (matrix: Matrix) column =
        [| for sample in 0 .. matrix.Rows - 1 -> matrix[sample, column] > 0.0f |]

    let private explainedVariance (x: float[][]) (xHat: float[][]) =
        let squares =
            Array.map2 (Array.map2 (fun a b -> (a - b) ** 2.0)) x xHat |> Array.map Array.sum

        let centre =
            Array.init x[0].Length (fun d -> x |> Array.averageBy (fun sample -> sample[d]))

        let power = x |> Array.averageBy (fun sample -> norm sample ** 2.0)
        let variance = power - norm centre ** 2.0

        if variance >= 1e-10 then 1.0 - Array.average squares / variance
        elif Array.sum squares < 1e-10 then 1.0
        else 0.0

    let private classify (fires: bool[]) (truth: bool[]) =
        let count f t =
            Array.map2 (fun a b -> a = f && b = t) fires truth
            |> Array.filter id
            |> Array.length
            |> float

        let tp, fp, fn, tn = count true true, count true false, count false true, count false false
        let precision = if tp + fp > 0.0 then tp / (tp + fp) else 0.0
        let recall = if tp + fn > 0.0 then tp / (tp + fn) else 0.0

        let f1 =
            if precision + recall > 0.0 then
                2.0 * precision * recall / (precision + recall)
            else
                0.0

        precision, recall, f1, (tp + tn) / (tp + fp + fn + tn)

    /// truth (B, N), latents (B, L), x and x̂ (B, D), decoder (L, D), dictionary (N, D); B, L, N ≥ 1.
    let ofDense
        (truth: Matrix)
        (latents: Matrix)
        (x: Matrix)
        (xHat: Matrix)
        (decoder: Matrix)
        (dictionary: Matrix)
        =
        let samples = [| 0 .. x.Rows - 1 |]
        let fires = Array.init decoder.Rows (on latents)
        let active = Array.init dictionary.Rows (on truth)

        let l0 (columns: bool[][]) =
            samples
            |> Array.averageBy (fun b ->
                columns |> Array.sumBy (fun column -> if column[b] then 1.0 else 0.0))

        let xRows, hatRows = Array.map (row x) samples, Array.map (row xHat) samples
        let cosines = MatchCosinesReference.weights decoder dictionary [| 0 .. decoder.Rows - 1 |]

        let best =
            Array.init decoder.Rows (fun j ->
                let cosine = row cosines j in Array.findIndex ((=) (Array.max cosine)) cosine)

        let wide = if decoder.Rows <= dictionary.Rows then cosines else Matrix.transpose cosines
        let scores = Array.mapi (fun j i -> classify fires[j] active[i]) best

        { TrueL0 = l0 active
          SaeL0 = l0 fires
          DeadLatents =
            fires |> Array.sumBy (fun column -> if Array.contains true column then 0.0 else 1.0)
          Shrinkage =
            mean
                [ for b in samples do
                      if norm xRows[b] > 1e-6 then
                          norm hatRows[b] / norm xRows[b] ]
          ExplainedVariance = explainedVariance xRows hatRows
          Mse =
            samples |> Array.averageBy (fun b -> norm (Array.map2 (-) xRows[b] hatRows[b]) ** 2.0)
          Mcc = (AssignReference.solve (Assign.weightsOf 1 wide)).Total / float wide.Rows
          Uniqueness = float (Array.distinct best).Length / float decoder.Rows
          Precision = scores |> Array.averageBy (fun (precision, _, _, _) -> precision)
          Recall = scores |> Array.averageBy (fun (_, recall, _, _) -> recall)
          F1Score = scores |> Array.averageBy (fun (_, _, f1, _) -> f1)
          Accuracy = scores |> Array.averageBy (fun (_, _, _, accuracy) -> accuracy) }
