namespace SynthSae.Compute

open System

/// Rewriting an SAE into another one with the same output.
module Fold =
    /// n_j = max(‖W_dec,j‖, 1e-8) (L), summed in double.
    let decoderNorms (decoder: Matrix) : float32[] =
        Array.init decoder.Rows (fun latent ->
            float32 (max (Math.Sqrt(Rows.squaredNormAt decoder latent)) Rows.SmallestNorm))

    /// Whether latents may be scaled without changing which of them fire.
    let scalable (sae: Sae) =
        match sae.Activation with
        | Activation.Relu
        | Activation.JumpRelu _
        | Activation.Gated _ -> true
        | Activation.TopK(_, rescale)
        | Activation.AbsTopK(_, rescale)
        | Activation.BatchTopK(_, rescale) -> rescale
        | Activation.Pursuit _ -> false

    let private scaledThreshold (scaled: float32[] -> float32[]) activation =
        match activation with
        | Activation.JumpRelu threshold -> Activation.JumpRelu(scaled threshold)
        | Activation.Gated(scale, bias) -> Activation.Gated(scale, scaled bias)
        | other -> other

    let private refinement change (sae: Sae) =
        sae.Refinement
        |> Option.map (fun refinement -> { refinement with First = change refinement.First })

    /// Divide each decoder row by its norm n_j and multiply the latent's encoder row, bias and threshold
    /// by it (reference: `fold_W_dec_norm`): the reconstruction stays, latents are in units of x. Selection
    /// by unscaled size (TopK, BatchTopK without `rescale`) would change, and matching pursuit has one matrix for
    /// both, so such an SAE is returned as it is.
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
                Activation = scaledThreshold scaled sae.Activation
                Refinement = refinement (scaledThreshold scaled) sae }

    /// The SAE on s·x as one on x: encoder · s, decoder and its bias / s (reference: `fold_activation_norm_scaling_factor`).
    /// Pre-activations stay, so thresholds on them do too. Matching pursuit's latents scale with its input, so only
    /// its bias and its bound on the residual change.
    let inputScale (s: float) (sae: Sae) : Sae =
        let by factor (matrix: Matrix) =
            Matrix.init matrix.Rows matrix.Cols (fun i j -> float32 (float matrix[i, j] * factor))

        let bias = sae.DecoderBias |> Array.map (fun b -> float32 (float b / s))

        match sae.Activation with
        | _ when s = 1.0 -> sae
        | Activation.Pursuit limits ->
            let threshold = limits.ResidualThreshold / s

            { sae with
                DecoderBias = bias
                Activation = Activation.Pursuit { limits with ResidualThreshold = threshold } }
        | _ ->
            { sae with
                Encoder = by s sae.Encoder
                Decoder = by (1.0 / s) sae.Decoder
                DecoderBias = bias }

    /// The form that is saved for inference (reference: `save_inference_model`): where selection compares
    /// scaled latents the decoder norm is folded, and BatchTopK becomes a JumpReLU whose threshold is the
    /// running one of training, the same for all latents; `first` is that of the selection before a refinement.
    let inference (threshold: float) (first: float) (sae: Sae) : Sae =
        let frozen threshold activation =
            match activation with
            | Activation.BatchTopK _ ->
                Activation.JumpRelu(Array.create sae.Latents (float32 threshold))
            | other -> other

        match sae.Activation with
        | Activation.Relu
        | Activation.JumpRelu _
        | Activation.Gated _
        | Activation.Pursuit _ -> sae
        | Activation.TopK _
        | Activation.AbsTopK _
        | Activation.BatchTopK _ ->
            let folded = decoderNorm sae

            { folded with
                Activation = frozen threshold folded.Activation
                Refinement = refinement (frozen first) folded }

    /// The same SAE with a threshold for each latent, where there is one: relu is the threshold 0, and a gate
    /// that shares its directions with the magnitudes m = exp(r_j)·(x' W_enc)_j + b_mag,j is open where
    /// m > b_mag,j − exp(r_j)·b_gate,j (Rajamanoharan et al. 2024).
    let jumpRelu (sae: Sae) : Sae option =
        match sae.Activation, sae.Refinement with
        | Activation.JumpRelu _, None -> Some sae
        | Activation.Relu, None ->
            Some
                { sae with
                    Activation = Activation.JumpRelu(Array.zeroCreate sae.Latents) }
        | Activation.Gated(scale, bias), None ->
            let factor = scale |> Array.map MathF.Exp

            let threshold =
                Array.init sae.Latents (fun j -> bias[j] - factor[j] * sae.EncoderBias[j])

            Some
                { sae with
                    Encoder =
                        Matrix.init sae.Latents sae.Dim (fun j i -> factor[j] * sae.Encoder[j, i])
                    EncoderBias = bias
                    Activation = Activation.JumpRelu threshold }
        | _ -> None
