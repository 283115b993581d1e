namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Spec

/// The SAE before the first step (REFERENCE §9.1).
module Initialisation =
    /// How an architecture in training turns pre-activations into latents.
    let activation architecture =
        match architecture with
        | SaeArchitecture.TopK(k, family) -> Activation.TopK(k, family.RescaleActsByDecoderNorm)
        | SaeArchitecture.BatchTopK(k, _, family) ->
            Activation.BatchTopK(k, family.RescaleActsByDecoderNorm)

    /// Row `latent` of W_dec (D): uniform in ±√(6/D), scaled to `norm` if given.
    let private decoderRow norm (seed: uint64) dim latent =
        let bound = sqrt (6.0 / float dim)

        let row =
            Array.init dim (fun i ->
                let u = Draw.uniform seed Stream.Training Purpose.Initialisation (int64 latent) i
                bound * (2.0 * u - 1.0))

        match norm with
        | None -> row
        | Some norm ->
            let length = sqrt (row |> Array.sumBy (fun w -> w * w))
            row |> Array.map (fun w -> w * norm / length)

    /// The initial SAE on activations in R^dim: W_dec Kaiming-uniform with rows scaled to
    /// `DecoderInitNorm`, W_enc = W_decᵀ, biases 0. A pure function of its arguments.
    let create (spec: SaeSpec) (dim: int) (seed: int64) : Sae =
        let decoder = Matrix(spec.DSae, dim) // first: it refuses sizes that no array holds

        for latent in 0 .. spec.DSae - 1 do
            decoderRow spec.DecoderInitNorm (uint64 seed) dim latent
            |> Array.iteri (fun i weight -> decoder[latent, i] <- float32 weight)

        { Encoder = Matrix.copy decoder
          Decoder = decoder
          EncoderBias = Array.zeroCreate spec.DSae
          DecoderBias = Array.zeroCreate dim
          ApplyDecoderBiasToInput = spec.ApplyBDecToInput
          Activation = activation spec.Architecture }
