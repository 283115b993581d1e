namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Spec

/// The SAE before the first step (REFERENCE §9.1).
module Initialisation =
    /// How an architecture with L latents on R^D turns pre-activations into latents before the first step.
    let activation latents dim architecture =
        let rescale = (architecture: SaeArchitecture).Rescales

        match architecture with
        | SaeArchitecture.Standard _ -> Activation.Relu
        | SaeArchitecture.TopK(k, _) -> Activation.TopK(k, rescale)
        | SaeArchitecture.AbsTopK(k, _) -> Activation.AbsTopK(k, rescale)
        | SaeArchitecture.BatchTopK(k, _, _)
        | SaeArchitecture.Matryoshka(k, _, _, _) -> Activation.BatchTopK(k, rescale)
        | SaeArchitecture.JumpRelu jump ->
            Activation.JumpRelu(Array.create latents (float32 jump.InitThreshold))
        | SaeArchitecture.Gated _ ->
            Activation.Gated(Array.zeroCreate latents, Array.zeroCreate latents)
        | SaeArchitecture.MatchingPursuit pursuit ->
            Activation.Pursuit
                { MaxIterations = pursuit.MaxIterations |> Option.defaultValue dim
                  ResidualThreshold = pursuit.ResidualThreshold
                  StopOnDuplicateSupport = pursuit.StopOnDuplicateSupport }

    let private scaling normalization =
        match normalization with
        | ActivationNormalization.None
        | ActivationNormalization.ExpectedAverage -> InputScaling.None
        | ActivationNormalization.ConstantNorm -> InputScaling.ConstantNorm
        | ActivationNormalization.LayerNorm -> InputScaling.LayerNorm

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

    /// What all weights are drawn with: the SAE's own seed, or the run's.
    let seedOf (spec: SaeSpec) (run: int64) : uint64 =
        uint64 (spec.Seed |> Option.defaultValue run)

    /// The SAE with its first min(L, N) latents at the given features (N, D), plus Gaussian noise of this standard
    /// deviation per number, decoder and encoder alike (reference: `init_sae_to_match_feature_dict`, REFERENCE
    /// §8.8). They keep the norm that this gives them; the other latents stay as they are.
    let ofFeatures (features: Matrix) (noise: float) (seed: uint64) (sae: Sae) : Sae =
        if features.Cols <> sae.Dim then
            invalidArg (nameof features) $"features in R^{features.Cols}, an SAE on R^{sae.Dim}"

        let count = min sae.Latents features.Rows

        let place (rows: Matrix) =
            Matrix.init rows.Rows rows.Cols (fun latent i ->
                if latent >= count then
                    rows[latent, i]
                elif noise = 0.0 then
                    features[latent, i]
                else
                    let normal =
                        Draw.normal seed Stream.Training Purpose.FeatureNoise (int64 latent) i

                    float32 (float features[latent, i] + noise * float normal))

        { sae with
            Encoder = place sae.Encoder
            Decoder = place sae.Decoder }

    let private random (spec: SaeSpec) (dim: int) (seed: uint64) : Sae =
        let decoder = Matrix(spec.DSae, dim) // first: it refuses sizes that no array holds

        let norm = SaeSpec.decoderInitNorm spec

        for latent in 0 .. spec.DSae - 1 do
            decoderRow norm seed dim latent
            |> Array.iteri (fun i weight -> decoder[latent, i] <- float32 weight)

        let activation = activation spec.DSae dim (SaeSpec.architecture spec)

        // Matching pursuit encodes with its decoder.
        let encoder, encoderBias =
            match activation with
            | Activation.Pursuit _ -> Matrix(0, dim), [||]
            | _ -> Matrix.copy decoder, Array.zeroCreate spec.DSae

        { Encoder = encoder
          Decoder = decoder
          EncoderBias = encoderBias
          DecoderBias = Array.zeroCreate dim
          ApplyDecoderBiasToInput = spec.ApplyBDecToInput
          Activation = activation
          Refinement = spec.ListaEta |> Option.map (fun eta -> { Eta = eta; First = activation })
          Scaling = scaling spec.Normalization }

    let private withFeatures (spec: SaeSpec) (features: Matrix option) noise seed (sae: Sae) =
        match features with
        | None ->
            let problem = "there are no features, as only a synthetic model has them"
            raise (BadInput("sae.initialization", problem))
        | Some features ->
            let sae = ofFeatures features noise seed sae

            if spec.DecoderNorm = DecoderNorm.Unit then
                Rows.normalise 1 sae.Decoder
                sae.Decoder.Span.Slice(0, sae.Encoder.Length).CopyTo sae.Encoder.Span

            sae

    /// The initial SAE on activations in R^dim: W_dec Kaiming-uniform with rows scaled to `DecoderInitNorm`, W_enc =
    /// W_decᵀ, biases 0; or the first latents at given features (N, D), which the specification then needs. A
    /// pure function of its arguments; `seed` is the run's. Raises `BadInput` when the features are missing.
    let start (spec: SaeSpec) (features: Matrix option) (dim: int) (seed: int64) : Sae =
        let seed = seedOf spec seed
        let sae = random spec dim seed

        match spec.Initialization with
        | SaeInitialisation.Random -> sae
        | SaeInitialisation.Features noise -> withFeatures spec features noise seed sae

    /// `start` without features.
    let create (spec: SaeSpec) (dim: int) (seed: int64) : Sae = start spec None dim seed
