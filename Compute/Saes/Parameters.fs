namespace SynthSae.Compute

/// The numbers of an SAE that are trained, in the layout of `Sae`; gradients and Adam's moments have the same
/// form. What an architecture does not have is empty.
type Parameters =
    {
        /// W_encᵀ (L, D).
        Encoder: Matrix
        /// W_dec (L, D).
        Decoder: Matrix
        /// b_enc, or b_gate (L).
        EncoderBias: float32[]
        /// b_dec (D).
        DecoderBias: float32[]
        /// θ or log θ of a JumpReLU SAE (L).
        Threshold: float32[]
        /// r_mag of a gated SAE (L).
        MagnitudeScale: float32[]
        /// b_mag of a gated SAE (L).
        MagnitudeBias: float32[]
    }

    /// The matrices by name.
    member parameters.Matrices = [ "encoder", parameters.Encoder; "decoder", parameters.Decoder ]

    /// The vectors by name.
    member parameters.Vectors =
        [ "encoder_bias", parameters.EncoderBias
          "decoder_bias", parameters.DecoderBias
          "threshold", parameters.Threshold
          "magnitude_scale", parameters.MagnitudeScale
          "magnitude_bias", parameters.MagnitudeBias ]

module Parameters =
    /// The vectors, in the order of `Parameters.Vectors`.
    let vectors: (Parameters -> float32[]) list =
        [ _.EncoderBias; _.DecoderBias; _.Threshold; _.MagnitudeScale; _.MagnitudeBias ]

    /// The very arrays of an SAE; `logThreshold` is what is trained in the place of θ, or empty to train θ.
    let ofSae (logThreshold: float32[]) (sae: Sae) : Parameters =
        let threshold, scale, bias =
            match sae.Activation with
            | Activation.JumpRelu threshold when logThreshold.Length = 0 -> threshold, [||], [||]
            | Activation.JumpRelu _ -> logThreshold, [||], [||]
            | Activation.Gated(scale, bias) -> [||], scale, bias
            | _ -> [||], [||], [||]

        { Encoder = sae.Encoder
          Decoder = sae.Decoder
          EncoderBias = sae.EncoderBias
          DecoderBias = sae.DecoderBias
          Threshold = threshold
          MagnitudeScale = scale
          MagnitudeBias = bias }

    /// f on each matrix and each vector.
    let map (matrix: Matrix -> Matrix) (vector: float32[] -> float32[]) (p: Parameters) =
        { Encoder = matrix p.Encoder
          Decoder = matrix p.Decoder
          EncoderBias = vector p.EncoderBias
          DecoderBias = vector p.DecoderBias
          Threshold = vector p.Threshold
          MagnitudeScale = vector p.MagnitudeScale
          MagnitudeBias = vector p.MagnitudeBias }

    /// Zeros of the same shapes.
    let zeros (p: Parameters) =
        p |> map (fun m -> Matrix(m.Rows, m.Cols)) (fun v -> Array.zeroCreate v.Length)

    /// A copy that shares nothing.
    let copy (p: Parameters) = p |> map Matrix.copy Array.copy
