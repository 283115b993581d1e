namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// How inputs are scaled before the SAE sees them (reference: `normalize_activations`).
[<RequireQualifiedAccess>]
type ActivationNormalization =
    | None
    /// One factor √D / E‖x‖, estimated before training and folded into the weights that are saved.
    | ExpectedAverage
    /// Each sample to norm √D, undone on the output.
    | ConstantNorm
    /// Each sample to mean 0 and standard deviation 1, undone on the output.
    | LayerNorm

/// What holds the norm of decoder rows.
[<RequireQualifiedAccess>]
type DecoderNorm =
    /// Nothing, as in the reference.
    | Free
    /// Rows have norm 1: the gradient loses its part along the row, and rows are rescaled after each step.
    | Unit

/// The SAE before the first step.
[<RequireQualifiedAccess>]
type SaeInitialisation =
    /// A random decoder, with the encoder as its transpose.
    | Random
    /// The first latents are the model's features with Gaussian noise of this standard deviation per number,
    /// decoder and encoder alike; the rest is random (reference: `init_sae_to_match_feature_dict`).
    | Features of noise: float

/// Dead latents are given a new start at samples that are reconstructed badly.
type Resampling =
    {
        /// Steps between resamplings; at least 1.
        Every: int<step>
        /// Share of the run in which there are any; in [0, 1].
        Until: float
        /// A latent is resampled when it has not fired for more than this many steps.
        Window: int<step>
        /// Fresh samples that are looked at; at least 1.
        Samples: int
        /// Norm of new encoder rows relative to the mean of live ones; above 0.
        EncoderScale: float
    }

module internal Options =
    let normalization =
        Codec.named
            [ "none", ActivationNormalization.None
              "expected_average_only_in", ActivationNormalization.ExpectedAverage
              "constant_norm_rescale", ActivationNormalization.ConstantNorm
              "layer_norm", ActivationNormalization.LayerNorm ]

    let decoderNorm = Codec.named [ "free", DecoderNorm.Free; "unit", DecoderNorm.Unit ]

    let private features: Codec<SaeInitialisation> =
        Fields.required "feature_noise" Codec.number
        |> Fields.toObject
        |> Codec.map SaeInitialisation.Features (function
            | SaeInitialisation.Features noise -> noise
            | SaeInitialisation.Random -> 0.0)

    let initialisation: Codec<SaeInitialisation> =
        let random = Codec.named [ "random", SaeInitialisation.Random ]

        Codec.forms
            (function
            | Json.Object _ -> features
            | _ -> random)
            (function
             | SaeInitialisation.Features _ -> features
             | SaeInitialisation.Random -> random)

    let initialisationRules initialisation =
        match initialisation with
        | SaeInitialisation.Random -> []
        | SaeInitialisation.Features noise -> Rules.notNegative "feature_noise" noise

module internal Resampling =
    let standard =
        { Every = 2500<step>
          Until = 0.8
          Window = 100<step>
          Samples = 8192
          EncoderScale = 0.2 }

    let rules (resampling: Resampling) =
        Rules.atLeast 1 "every" (int resampling.Every)
        @ Rules.probability "until" resampling.Until
        @ Rules.atLeast 0 "window" (int resampling.Window)
        @ Rules.atLeast 1 "samples" resampling.Samples
        @ Rules.positive "encoder_scale" resampling.EncoderScale

    let codec: Codec<Resampling> =
        let field name codec part =
            Fields.optional name codec (part standard) |> Fields.from part

        Fields.fields<Resampling> {
            let! every = field "every" Count.steps _.Every
            and! until = field "until" Codec.number _.Until
            and! window = field "window" Count.steps _.Window
            and! samples = field "samples" Codec.int _.Samples
            and! scale = field "encoder_scale" Codec.number _.EncoderScale

            return
                { Every = every
                  Until = until
                  Window = window
                  Samples = samples
                  EncoderScale = scale }
        }
        |> Fields.toObject
