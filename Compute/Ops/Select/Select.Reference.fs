namespace SynthSae.Compute.Ops

open SynthSae.Compute

module SelectReference =
    /// The first `count` positive entries of `rows` by the contract's order, as positions; `size` is what is
    /// compared of a value.
    let private largest size scale (pre: Matrix) count rows =
        [| for row in rows do
               for latent in 0 .. pre.Cols - 1 do
                   let value = size (Select.compared scale pre row latent)

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

    let private largestOfRows size scale (pre: Matrix) k =
        Array.init pre.Rows (fun row -> largest size scale pre k (seq { row })) |> Array.concat

    /// Apply an activation; `scale` is `Select.scale` of the SAE.
    let apply (activation: Activation) (sae: Sae) (scale: float32[]) (pre: Matrix) (codes: Codes) =
        match activation with
        | Activation.Relu
        | Activation.Gated _ -> where pre (fun _ _ -> true)
        | Activation.JumpRelu threshold -> where pre (fun value latent -> value > threshold[latent])
        | Activation.TopK(k, _) -> largestOfRows id scale pre k
        | Activation.AbsTopK(k, _) -> largestOfRows abs scale pre k
        | Activation.BatchTopK(k, _) ->
            largest id scale pre (Select.batchCount k pre.Rows pre.Cols) (seq { 0 .. pre.Rows - 1 })
        | Activation.Pursuit _ -> invalidArg (nameof sae) "matching pursuit has no pre-activations"
        |> fun positions -> keep pre positions codes

        match activation with
        | Activation.Gated(scale, bias) -> Select.magnitudes sae scale bias codes
        | _ -> ()

    /// Apply the SAE's own activation.
    let run (sae: Sae) (pre: Matrix) (codes: Codes) =
        apply sae.Activation sae (Select.scale sae) pre codes
