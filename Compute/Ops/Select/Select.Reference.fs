namespace SynthSae.Compute.Ops

open SynthSae.Compute

module SelectReference =
    /// The first `count` positive entries of `rows` by the contract's order, as positions.
    let private largest scale (pre: Matrix) count rows =
        [| for row in rows do
               for latent in 0 .. pre.Cols - 1 do
                   let value = Select.compared scale pre row latent

                   if value > 0.0f then
                       struct (-value, row, latent) |]
        |> Array.sort
        |> Array.truncate count
        |> Array.map (fun (struct (_, row, latent)) -> struct (row, latent))

    let private keep (pre: Matrix) positions (codes: Codes) =
        let kept = Matrix(pre.Rows, pre.Cols)

        for struct (row, latent) in positions do
            kept[row, latent] <- pre[row, latent]

        Codes.copyInto codes (Codes.ofDense kept)

    let private where (pre: Matrix) holds =
        [| for row in 0 .. pre.Rows - 1 do
               for latent in 0 .. pre.Cols - 1 do
                   if pre[row, latent] > 0.0f && holds pre[row, latent] latent then
                       struct (row, latent) |]

    /// Apply the SAE's activation.
    let run (sae: Sae) (pre: Matrix) (codes: Codes) =
        let scale = Select.scale sae

        let positions =
            match sae.Activation with
            | Activation.Relu -> where pre (fun _ _ -> true)
            | Activation.JumpRelu threshold ->
                where pre (fun value latent -> value > threshold[latent])
            | Activation.TopK(k, _) ->
                Array.init pre.Rows (fun row -> largest scale pre k (seq { row })) |> Array.concat
            | Activation.BatchTopK(k, _) ->
                largest
                    scale
                    pre
                    (Select.batchCount k pre.Rows pre.Cols)
                    (seq { 0 .. pre.Rows - 1 })

        keep pre positions codes
