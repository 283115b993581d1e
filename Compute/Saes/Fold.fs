namespace SynthSae.Compute

open System

/// Rewriting an SAE into another one with the same output.
module Fold =
    /// n_j = max(‖W_dec,j‖, 1e-8) (L), summed in double.
    let decoderNorms (decoder: Matrix) : float32[] =
        Array.init decoder.Rows (fun latent ->
            float32 (max (Math.Sqrt(Rows.squaredNormAt decoder latent)) Rows.SmallestNorm))

    /// Whether latents may be scaled without changing which of them fire.
    let private scalable (sae: Sae) =
        match sae.Activation with
        | Activation.Relu
        | Activation.JumpRelu _ -> true
        | Activation.TopK(_, rescale)
        | Activation.BatchTopK(_, rescale) -> rescale

    /// Divide each decoder row by its norm n_j and multiply the latent's encoder row, bias and threshold
    /// by it (reference: `fold_W_dec_norm`): the reconstruction stays, latents are in units of x. Selection
    /// by unscaled size (TopK, BatchTopK without `rescale`) would change, so such an SAE is returned as it is.
    let decoderNorm (sae: Sae) : Sae =
        if not (scalable sae) then
            sae
        else
            let norm = decoderNorms sae.Decoder
            let scaled (values: float32[]) = Array.map2 (*) values norm

            { sae with
                Encoder = Matrix.init sae.Latents sae.Dim (fun j i -> sae.Encoder[j, i] * norm[j])
                Decoder = Matrix.init sae.Latents sae.Dim (fun j i -> sae.Decoder[j, i] / norm[j])
                EncoderBias = scaled sae.EncoderBias
                Activation =
                    match sae.Activation with
                    | Activation.JumpRelu threshold -> Activation.JumpRelu(scaled threshold)
                    | other -> other }

    /// The form that is saved for inference (reference: `save_inference_model`): where selection compares
    /// scaled latents the decoder norm is folded, and BatchTopK becomes a JumpReLU whose threshold is the
    /// running one of training, the same for all latents.
    let inference (threshold: float) (sae: Sae) : Sae =
        match sae.Activation with
        | Activation.Relu
        | Activation.JumpRelu _ -> sae
        | Activation.TopK _ -> decoderNorm sae
        | Activation.BatchTopK _ ->
            { decoderNorm sae with
                Activation = Activation.JumpRelu(Array.create sae.Latents (float32 threshold)) }
