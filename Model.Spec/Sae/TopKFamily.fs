namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// What the AuxK loss is measured in.
[<RequireQualifiedAccess>]
type AuxKNormalization =
    /// Squared error as it is, scaled by min(dead/⌊D/2⌋, 1) (the reference).
    | Raw
    /// Relative to what a constant would leave of the residual, in units of the input's own variance: the
    /// normalised errors of Gao et al. 2024 with the loss multiplied by Var(x).
    | Variance

/// The loss that gives dead latents a gradient (Gao et al. 2024; reference: `aux_loss_coefficient`).
type AuxK =
    {
        /// Weight; at least 0, where 0 is none. Gao et al. take 1/32 with `Variance`.
        Coefficient: float
        Normalization: AuxKNormalization
        /// Add b_dec to what the dead latents reconstruct, as the reference did before 6.36.2.
        DecoderBias: bool
    }

/// Settings that the architectures share which keep a fixed number of latents.
type TopKFamily =
    {
        /// Compare pre-activations scaled by ‖W_dec,j‖, so that selection ignores the decoder's scale.
        RescaleActsByDecoderNorm: bool
        AuxK: AuxK
    }

module internal AuxK =
    let rules (auxK: AuxK) =
        Rules.notNegative "aux_loss_coefficient" auxK.Coefficient

    let private normalization =
        Codec.named [ "none", AuxKNormalization.Raw; "variance", AuxKNormalization.Variance ]

    let fields coefficient =
        Fields.fields<AuxK> {
            let! coefficient =
                Fields.optional "aux_loss_coefficient" Codec.number coefficient
                |> Fields.from _.Coefficient

            and! normalization =
                Fields.unusual "aux_loss_normalization" normalization AuxKNormalization.Raw
                |> Fields.from _.Normalization

            and! bias =
                Fields.unusual "aux_loss_decoder_bias" Codec.bool false |> Fields.from _.DecoderBias

            return
                { Coefficient = coefficient
                  Normalization = normalization
                  DecoderBias = bias }
        }

module internal TopKFamily =
    let rules (family: TopKFamily) = AuxK.rules family.AuxK

    let fields =
        Fields.fields<TopKFamily> {
            let! () = Fields.ignored [ "use_sparse_activations" ] // they always are
            and! auxK = AuxK.fields 1.0 |> Fields.from _.AuxK

            and! rescale =
                Fields.optional "rescale_acts_by_decoder_norm" Codec.bool true
                |> Fields.from _.RescaleActsByDecoderNorm

            return { RescaleActsByDecoderNorm = rescale; AuxK = auxK }
        }
