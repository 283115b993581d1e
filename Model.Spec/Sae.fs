namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// Fields that TopK and BatchTopK share.
type TopKFamily =
    {
        /// Compare pre-activations scaled by ‖W_dec,j‖, so that selection ignores the decoder's scale.
        RescaleActsByDecoderNorm: bool
        /// Weight of the AuxK loss, which revives dead latents; at least 0.
        AuxLossCoefficient: float
    }

/// An SAE architecture with its own settings.
[<RequireQualifiedAccess>]
type SaeArchitecture =
    /// The k largest pre-activations of each sample (Gao et al. 2024); k in [1, L].
    | TopK of k: int * TopKFamily
    /// The k·B largest of the whole batch (Bussmann et al. 2024); k in (0, L] may be fractional.
    /// `thresholdLr`, in [0, 1], moves the running threshold that inference uses.
    | BatchTopK of k: float * thresholdLr: float * TopKFamily

    /// The settings that the TopK family shares.
    member architecture.Family =
        match architecture with
        | TopK(_, family)
        | BatchTopK(_, _, family) -> family

    /// How fast the running threshold moves; 0 for an architecture that has none.
    member architecture.ThresholdLr =
        match architecture with
        | TopK _ -> 0.0
        | BatchTopK(_, thresholdLr, _) -> thresholdLr

/// A sparse autoencoder to be trained (reference: `TrainingSAEConfig`).
type SaeSpec =
    {
        /// D; `None` takes it from the synthetic model.
        DIn: int option
        /// L, the number of latents.
        DSae: int
        Architecture: SaeArchitecture
        /// Norm of the decoder's rows at the start; `None` leaves the Kaiming-uniform draw.
        DecoderInitNorm: float option
        /// Subtract b_dec from the input before encoding.
        ApplyBDecToInput: bool
    }

module internal SaeArchitecture =
    open Rules

    let private familyRules (family: TopKFamily) =
        notNegative "aux_loss_coefficient" family.AuxLossCoefficient

    let rules dSae architecture =
        match architecture with
        | SaeArchitecture.TopK(k, family) ->
            check "k" $"must be in [1, d_sae {dSae}]" k (k >= 1 && k <= dSae) @ familyRules family
        | SaeArchitecture.BatchTopK(k, thresholdLr, family) ->
            number "k" $"must be above 0 and at most d_sae {dSae}" k (k > 0.0 && k <= float dSae)
            @ familyRules family
            @ probability "topk_threshold_lr" thresholdLr

    let private family =
        Fields.fields<TopKFamily> {
            let! () = Fields.ignored [ "use_sparse_activations" ] // they always are

            and! aux =
                Fields.optional "aux_loss_coefficient" Codec.number 1.0
                |> Fields.from _.AuxLossCoefficient

            and! rescale =
                Fields.optional "rescale_acts_by_decoder_norm" Codec.bool true
                |> Fields.from _.RescaleActsByDecoderNorm

            return
                { RescaleActsByDecoderNorm = rescale
                  AuxLossCoefficient = aux }
        }

    /// The architecture's own fields beside the common ones, told apart by `architecture`.
    let fields: Fields<SaeArchitecture, SaeArchitecture> =
        Fields.tagged
            "architecture"
            [ Fields.case
                  "topk"
                  (Fields.pair (Fields.optional "k" Codec.int 100) family)
                  SaeArchitecture.TopK
                  (function
                   | SaeArchitecture.TopK(k, family) -> Some(k, family)
                   | _ -> None)
              Fields.case
                  "batchtopk"
                  (Fields.triple
                      (Fields.optional "k" Codec.number 100.0)
                      family
                      (Fields.optional "topk_threshold_lr" Codec.number 0.01))
                  (fun (k, family, thresholdLr) ->
                      SaeArchitecture.BatchTopK(k, thresholdLr, family))
                  (function
                   | SaeArchitecture.BatchTopK(k, thresholdLr, family) ->
                       Some(k, family, thresholdLr)
                   | _ -> None) ]

/// Making, checking, reading and writing SAEs.
module SaeSpec =
    /// The reference's defaults.
    let topKFamily =
        { RescaleActsByDecoderNorm = true
          AuxLossCoefficient = 1.0 }

    /// BatchTopK with the reference's defaults for the given width and sparsity.
    let batchTopK dSae k : SaeSpec =
        { DIn = None
          DSae = dSae
          Architecture = SaeArchitecture.BatchTopK(k, 0.01, topKFamily)
          DecoderInitNorm = Some 0.1
          ApplyBDecToInput = true }

    /// TopK with the reference's defaults for the given width and sparsity.
    let topK dSae k : SaeSpec =
        { batchTopK dSae (float k) with
            Architecture = SaeArchitecture.TopK(k, topKFamily) }

    let internal rules spec =
        Rules.optional (Rules.atLeast 1) "d_in" spec.DIn
        @ Rules.atLeast 1 "d_sae" spec.DSae
        @ Rules.optional Rules.positive "decoder_init_norm" spec.DecoderInitNorm
        @ SaeArchitecture.rules spec.DSae spec.Architecture

    /// The specification marked as valid, or every broken rule in the order of the fields.
    let validate (spec: SaeSpec) : Result<Valid<SaeSpec>, SpecError list> =
        Rules.validated spec (rules spec)

    // What the reference writes besides, at the only value that has a meaning here.
    let private onlyOnes: Fields<SaeSpec, unit> =
        let only name value reason =
            Fields.only name (Json.String value) reason

        Fields.fields<SaeSpec> {
            let! () = only "dtype" "float32" "everything is computed in float32"
            and! () = only "device" "cpu" "the device is chosen when a run starts"
            and! () = only "normalize_activations" "none" "inputs are not normalised"
            and! () = only "reshape_activations" "none" "activations are vectors"
            and! () = Fields.ignored [ "metadata" ]
            return ()
        }

    let internal codec: Codec<SaeSpec> =
        Fields.fields<SaeSpec> {
            let! dIn = Fields.optional "d_in" (Codec.nullable Codec.int) None |> Fields.from _.DIn

            and! dSae = Fields.required "d_sae" Codec.int |> Fields.from _.DSae
            and! () = onlyOnes

            and! applyBDec =
                Fields.optional "apply_b_dec_to_input" Codec.bool true
                |> Fields.from _.ApplyBDecToInput

            and! initNorm =
                Fields.optional "decoder_init_norm" (Codec.nullable Codec.number) (Some 0.1)
                |> Fields.from _.DecoderInitNorm

            and! architecture = SaeArchitecture.fields |> Fields.from _.Architecture

            return
                { DIn = dIn
                  DSae = dSae
                  Architecture = architecture
                  DecoderInitNorm = initNorm
                  ApplyBDecToInput = applyBDec }
        }
        |> Fields.toObject

    /// Read the text of a training `cfg.json`; every problem in it comes back at once.
    let ofJson (text: string) : Result<SaeSpec, SpecError list> = Codec.ofText codec text

    /// The specification as JSON in the reference's field names.
    let toJson (spec: SaeSpec) : string = Codec.toText codec spec
