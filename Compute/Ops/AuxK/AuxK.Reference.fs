namespace SynthSae.Compute.Ops

open SynthSae.Compute

module AuxKReference =
    /// The dead latents that take part in one sample.
    let private taken activation (pre: Matrix) scale row count (dead: int[]) =
        dead
        |> Array.sortBy (fun latent ->
            struct (-(Select.size activation (Select.compared scale pre row latent)), latent))
        |> Array.truncate count

    let private add (part: float[,]) (rows: int[]) (whole: Matrix) =
        for i in 0 .. rows.Length - 1 do
            for d in 0 .. whole.Cols - 1 do
                whole[rows[i], d] <- float32 (float whole[rows[i], d] + part[i, d])

    /// The loss with its weight; its gradients are added to `gradients` (encoder, decoder, encoder bias).
    /// `bias` is b_dec where it takes part, else empty; `input` what the encoder read; `error` holds x̂ − x from
    /// row `firstRow` on; `scale` is `Select.scale sae`, `dead` the dead latents in ascending order.
    let run
        (weight: float)
        (bias: float32[])
        (sae: Sae)
        (input: Matrix)
        (pre: Matrix)
        (scale: float32[])
        (error: Matrix)
        (firstRow: int)
        (dead: int[])
        (gradients: Parameters)
        : AuxKResult =
        let errors = Matrix(pre.Rows, sae.Dim)
        let slopes = Matrix(pre.Rows, dead.Length)
        let factor = 2.0 * weight / float pre.Rows
        let encoder = Array2D.zeroCreate dead.Length sae.Dim
        let decoder = Array2D.zeroCreate dead.Length sae.Dim
        let byBias = Array.zeroCreate dead.Length
        let mutable squares = 0.0

        for row in 0 .. pre.Rows - 1 do
            let latents = taken sae.Activation pre scale row (AuxK.count sae.Dim dead.Length) dead

            // Σ_j pre_bj W_dec,j − r_b, where r = x − x̂.
            let auxError =
                Array.init sae.Dim (fun d ->
                    float error[firstRow + row, d]
                    + (if bias.Length > 0 then float bias[d] else 0.0)
                    + Array.sumBy (fun j -> float pre[row, j] * float sae.Decoder[j, d]) latents)

            squares <- squares + Array.sumBy (fun e -> e * e) auxError
            auxError |> Array.iteri (fun d e -> errors[row, d] <- float32 e)

            for j in latents do
                let i = System.Array.BinarySearch(dead, j)

                let slope =
                    factor * Seq.sum (Seq.mapi (fun d e -> e * float sae.Decoder[j, d]) auxError)

                byBias[i] <- byBias[i] + slope
                slopes[row, i] <- float32 (slope / factor)

                for d in 0 .. sae.Dim - 1 do
                    encoder[i, d] <- encoder[i, d] + slope * float input[row, d]
                    decoder[i, d] <- decoder[i, d] + factor * float pre[row, j] * auxError[d]

        add encoder dead gradients.Encoder
        add decoder dead gradients.Decoder

        for i in 0 .. dead.Length - 1 do
            let whole = gradients.EncoderBias[dead[i]]
            gradients.EncoderBias[dead[i]] <- float32 (float whole + byBias[i])

        { Loss = weight * squares / float pre.Rows
          Error = errors
          Factor = factor
          Slopes = slopes }
