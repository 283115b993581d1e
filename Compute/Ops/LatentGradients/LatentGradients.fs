namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Gradients of a loss with respect to an SAE's parameters, in the layout of `Sae`.
type Gradients =
    {
        /// (L, D).
        Encoder: Matrix
        /// (L, D).
        Decoder: Matrix
        /// (L).
        EncoderBias: float32[]
        /// (D).
        DecoderBias: float32[]
    }

/// Back-propagation through x̂ = codes·W_dec + b_dec and codes = x'·W_enc + b_enc at the selected entries, given
/// the error e (B, D) and the factor c with dLoss/dx̂ = c·e. For each latent j over its samples b with code a_bj:
///
///   dW_dec,j = c Σ_b a_bj e_b        s_bj = c e_b·W_dec,j
///   dW_enc,j = Σ_b s_bj x'_b         db_enc,j = Σ_b s_bj
///   db_dec   = c Σ_b e_b − Σ_j db_enc,j W_enc,j     (the second term only if x' = x − b_dec)
///
/// The decoder norm that selection compares with cancels between codes and decoder, and has no gradient.
/// Cost 6·nnz·D FLOP. Latents without entries get zero rows. Tolerance 1e-5 of the row's norm.
module LatentGradients =
    /// Buffers for an SAE of L latents on R^D.
    let create latents dim : Gradients =
        { Encoder = Matrix(latents, dim)
          Decoder = Matrix(latents, dim)
          EncoderBias = Array.zeroCreate latents
          DecoderBias = Array.zeroCreate dim }

module LatentGradientsReference =
    /// Write the gradients at the given codes.
    let run
        (sae: Sae)
        (centred: Matrix)
        (codes: Codes)
        (error: Matrix)
        (factor: float32)
        (gradients: Gradients)
        =
        let dense = Codes.toDense codes
        let sum count (term: int -> float) = Seq.sumBy term (seq { 0 .. count - 1 })

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

        for d in 0 .. sae.Dim - 1 do
            let throughOutput = float factor * sum codes.Rows (fun b -> float error[b, d])

            let throughInput =
                if sae.ApplyDecoderBiasToInput then
                    sum sae.Latents (fun j ->
                        float gradients.EncoderBias[j] * float sae.Encoder[j, d])
                else
                    0.0

            gradients.DecoderBias[d] <- float32 (throughOutput - throughInput)
