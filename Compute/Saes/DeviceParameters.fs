namespace SynthSae.Compute

open System
open SynthSae.Compute.Cuda

/// `Parameters` in a GPU's memory.
type DeviceParameters =
    {
        /// W_encᵀ (L, D).
        Encoder: DeviceMatrix
        /// W_dec (L, D).
        Decoder: DeviceMatrix
        /// b_enc, or b_gate (L).
        EncoderBias: DeviceArray<float32>
        /// b_dec (D).
        DecoderBias: DeviceArray<float32>
        /// θ or log θ of a JumpReLU SAE (L).
        Threshold: DeviceArray<float32>
        /// r_mag of a gated SAE (L).
        MagnitudeScale: DeviceArray<float32>
        /// b_mag of a gated SAE (L).
        MagnitudeBias: DeviceArray<float32>
    }

    /// All parts as arrays, in the order of `Parameters.Matrices` and `Parameters.Vectors`.
    member parameters.Parts =
        [ parameters.Encoder.Elements
          parameters.Decoder.Elements
          parameters.EncoderBias
          parameters.DecoderBias
          parameters.Threshold
          parameters.MagnitudeScale
          parameters.MagnitudeBias ]

module DeviceParameters =
    /// A copy of the host's.
    let upload (gpu: Gpu) (source: Parameters) : DeviceParameters =
        let vector = DeviceArray.ofArray gpu

        { Encoder = DeviceMatrix.ofMatrix gpu source.Encoder
          Decoder = DeviceMatrix.ofMatrix gpu source.Decoder
          EncoderBias = vector source.EncoderBias
          DecoderBias = vector source.DecoderBias
          Threshold = vector source.Threshold
          MagnitudeScale = vector source.MagnitudeScale
          MagnitudeBias = vector source.MagnitudeBias }

    /// Zeros of these shapes.
    let zeros (gpu: Gpu) (like: Parameters) : DeviceParameters = Parameters.zeros like |> upload gpu

    /// Read into arrays of the host.
    let download (target: Parameters) (source: DeviceParameters) =
        source.Encoder.Download target.Encoder
        source.Decoder.Download target.Decoder
        source.EncoderBias.Download(Span target.EncoderBias, 0L)
        source.DecoderBias.Download(Span target.DecoderBias, 0L)
        source.Threshold.Download(Span target.Threshold, 0L)
        source.MagnitudeScale.Download(Span target.MagnitudeScale, 0L)
        source.MagnitudeBias.Download(Span target.MagnitudeBias, 0L)

    /// Write from arrays of the host.
    let write (source: Parameters) (target: DeviceParameters) =
        target.Encoder.Upload source.Encoder
        target.Decoder.Upload source.Decoder
        target.EncoderBias.Upload source.EncoderBias
        target.DecoderBias.Upload source.DecoderBias
        target.Threshold.Upload source.Threshold
        target.MagnitudeScale.Upload source.MagnitudeScale
        target.MagnitudeBias.Upload source.MagnitudeBias
