namespace SynthSae.Compute.Ops

open SynthSae.Compute

module LatentGradientsReference =
    let private sum count (term: int -> float) = Seq.sumBy term (seq { 0 .. count - 1 })

    /// Encoder, decoder and encoder-bias gradients at the given codes.
    let run
        (sae: Sae)
        (centred: Matrix)
        (codes: Codes)
        (error: Matrix)
        (factor: float32)
        (gradients: Gradients)
        =
        let dense = Codes.toDense codes

        let slope row latent =
            if dense[row, latent] > 0.0f then
                float factor
                * sum sae.Dim (fun d -> float error[row, d] * float sae.Decoder[latent, d])
            else
                0.0

        for latent in 0 .. sae.Latents - 1 do
            let slopes = Array.init codes.Rows (fun row -> slope row latent)
            gradients.EncoderBias[latent] <- float32 (Array.sum slopes)

            for d in 0 .. sae.Dim - 1 do
                gradients.Decoder[latent, d] <-
                    float32 (
                        float factor
                        * sum codes.Rows (fun b -> float dense[b, latent] * float error[b, d])
                    )

                gradients.Encoder[latent, d] <-
                    float32 (sum codes.Rows (fun b -> slopes[b] * float centred[b, d]))

    /// db_dec from the error and the finished db_enc.
    let decoderBias (sae: Sae) (error: Matrix) (factor: float32) (gradients: Gradients) =
        for d in 0 .. sae.Dim - 1 do
            let throughOutput = float factor * sum error.Rows (fun b -> float error[b, d])

            let throughInput =
                if sae.ApplyDecoderBiasToInput then
                    sum sae.Latents (fun j ->
                        float gradients.EncoderBias[j] * float sae.Encoder[j, d])
                else
                    0.0

            gradients.DecoderBias[d] <- float32 (throughOutput - throughInput)
