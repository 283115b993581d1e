namespace SynthSae.Compute.Ops

open SynthSae.Compute

module AuxKReference =
    /// The dead latents that take part in one sample.
    let private taken (pre: Matrix) scale row count (dead: int[]) =
        dead
        |> Array.sortBy (fun latent -> struct (-(Select.compared scale pre row latent), latent))
        |> Array.truncate count

    let private add (part: float[,]) (rows: int[]) (whole: Matrix) =
        for i in 0 .. rows.Length - 1 do
            for d in 0 .. whole.Cols - 1 do
                whole[rows[i], d] <- float32 (float whole[rows[i], d] + part[i, d])

    /// The loss; its gradients are added to `gradients` (encoder, decoder, encoder bias).
    /// `error` is x̂ − x, `scale` is `Select.scale sae`, `dead` the dead latents in ascending order.
    let run
        (coefficient: float)
        (sae: Sae)
        (centred: Matrix)
        (pre: Matrix)
        (scale: float32[])
        (error: Matrix)
        (dead: int[])
        (gradients: Gradients)
        : float =
        let weight = AuxK.weight coefficient sae.Dim dead.Length
        let factor = 2.0 * weight / float pre.Rows
        let encoder = Array2D.zeroCreate dead.Length sae.Dim
        let decoder = Array2D.zeroCreate dead.Length sae.Dim
        let bias = Array.zeroCreate dead.Length
        let mutable squares = 0.0

        for row in 0 .. pre.Rows - 1 do
            let latents = taken pre scale row (AuxK.count sae.Dim dead.Length) dead

            // Σ_j pre_bj W_dec,j − r_b, where r = x − x̂.
            let auxError =
                Array.init sae.Dim (fun d ->
                    float error[row, d]
                    + Array.sumBy (fun j -> float pre[row, j] * float sae.Decoder[j, d]) latents)

            squares <- squares + Array.sumBy (fun e -> e * e) auxError

            for j in latents do
                let i = System.Array.BinarySearch(dead, j)

                let slope =
                    factor * Seq.sum (Seq.mapi (fun d e -> e * float sae.Decoder[j, d]) auxError)

                bias[i] <- bias[i] + slope

                for d in 0 .. sae.Dim - 1 do
                    encoder[i, d] <- encoder[i, d] + slope * float centred[row, d]
                    decoder[i, d] <- decoder[i, d] + factor * float pre[row, j] * auxError[d]

        add encoder dead gradients.Encoder
        add decoder dead gradients.Decoder

        for i in 0 .. dead.Length - 1 do
            let whole = gradients.EncoderBias[dead[i]]
            gradients.EncoderBias[dead[i]] <- float32 (float whole + bias[i])

        weight * squares / float pre.Rows
