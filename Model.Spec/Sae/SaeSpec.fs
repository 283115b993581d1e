namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// A sparse autoencoder to be trained (reference: `TrainingSAEConfig`).
type SaeSpec =
    {
        /// D; `None` takes it from the synthetic model.
        DIn: int option
        /// L, the number of latents.
        DSae: int
        Architecture: SaeArchitecture
        /// Norm of the decoder's rows at the start; `None` leaves the Kaiming-uniform draw. Matching pursuit and
        /// rows of unit norm start with 1.
        DecoderInitNorm: float option
        /// Subtract b_dec from the input before encoding.
        ApplyBDecToInput: bool
        Normalization: ActivationNormalization
        /// η of one residual correction in the encoder (LISTA): what the first selection leaves of x is encoded
        /// too and η times the result added before the second selection. `None` for one selection.
        ListaEta: float option
        /// The mean number of active latents to reach. Where the number is set it takes its place (k,
        /// max_iterations); where it follows from a coefficient a controller moves that.
        TargetL0: float option
        /// How the L0 comes to its final value; `None` to have it from the start.
        L0Schedule: L0Schedule option
        Autotuner: L0Autotuner
        DecoderNorm: DecoderNorm
        Initialization: SaeInitialisation
        /// `None` for no resampling of dead latents.
        Resampling: Resampling option
        /// Seed of the initial weights; `None` takes the run's.
        Seed: int64 option
    }

/// Making, checking, reading and writing SAEs.
module SaeSpec =
    /// AuxK as the reference has it, with a coefficient.
    let auxK coefficient =
        { Coefficient = coefficient
          Normalization = AuxKNormalization.Raw
          DecoderBias = false }

    /// The reference's defaults.
    let topKFamily = { RescaleActsByDecoderNorm = true; AuxK = auxK 1.0 }

    /// The reference's defaults for the given width and architecture.
    let create dSae architecture : SaeSpec =
        { DIn = None
          DSae = dSae
          Architecture = architecture
          DecoderInitNorm = Some 0.1
          ApplyBDecToInput = true
          Normalization = ActivationNormalization.None
          ListaEta = None
          TargetL0 = None
          L0Schedule = None
          Autotuner = L0Autotuner.standard
          DecoderNorm = DecoderNorm.Free
          Initialization = SaeInitialisation.Random
          Resampling = None
          Seed = None }

    /// BatchTopK with the reference's defaults for the given width and sparsity.
    let batchTopK dSae k =
        create dSae (SaeArchitecture.BatchTopK(k, 0.01, topKFamily))

    /// TopK with the reference's defaults for the given width and sparsity.
    let topK dSae k =
        create dSae (SaeArchitecture.TopK(k, topKFamily))

    /// The L0 that the SAE shall have in the end; `None` where it follows from a coefficient alone.
    let l0 (spec: SaeSpec) : float option =
        spec.TargetL0 |> Option.orElse spec.Architecture.K

    /// The architecture with `TargetL0` in the place of k, where there is one.
    let architecture (spec: SaeSpec) : SaeArchitecture =
        match spec.TargetL0 with
        | Some target -> spec.Architecture.WithK target
        | None -> spec.Architecture

    /// Norm of the decoder's rows at the start, `None` for the draw as it is.
    let decoderInitNorm (spec: SaeSpec) : float option =
        match spec.Architecture, spec.DecoderNorm with
        | SaeArchitecture.MatchingPursuit _, _
        | _, DecoderNorm.Unit -> Some 1.0
        | _ -> spec.DecoderInitNorm

    // ---- rules ---------------------------------------------------------------------------------

    let private refines architecture =
        match architecture with
        | SaeArchitecture.TopK _
        | SaeArchitecture.BatchTopK _
        | SaeArchitecture.Matryoshka _ -> true
        | _ -> false

    let private listaRules spec =
        match spec.ListaEta with
        | None -> []
        | Some eta ->
            Rules.positive "lista_eta" eta
            @ Rules.check
                "lista_eta"
                "is for topk, batchtopk and matryoshka_batchtopk"
                eta
                (refines spec.Architecture)

    let private needsTarget architecture =
        match architecture with
        | SaeArchitecture.JumpRelu { Sparsity = JumpReluSparsity.Quadratic } -> true
        | _ -> false

    // Only a batch's number of latents can be fractional.
    let private targetRules spec =
        let whole =
            match spec.Architecture with
            | SaeArchitecture.TopK _
            | SaeArchitecture.AbsTopK _
            | SaeArchitecture.MatchingPursuit _ -> true
            | _ -> false

        match spec.TargetL0 with
        | Some target ->
            Rules.number
                "target_l0"
                $"must be above 0 and at most d_sae {spec.DSae}"
                target
                (target > 0.0 && target <= float spec.DSae)
            @ Rules.check
                "target_l0"
                "must be an integer for this architecture"
                target
                (not whole || target = floor target)
        | None ->
            Rules.check
                "target_l0"
                "is required by the quadratic sparsity loss"
                ""
                (not (needsTarget spec.Architecture))

    let private scheduleRules spec =
        match spec.L0Schedule with
        | None -> []
        | Some schedule ->
            Rules.at "l0_schedule" (L0Schedule.rules spec.DSae schedule)
            @ Rules.check "l0_schedule" "needs target_l0" "" ((l0 spec).IsSome)

    // The error that AuxK reconstructs would be in other units for each sample (reference: the same error).
    let private normalizationRules spec =
        match spec.Normalization with
        | ActivationNormalization.ConstantNorm
        | ActivationNormalization.LayerNorm ->
            Rules.check
                "normalize_activations"
                "that differs between samples needs aux_loss_coefficient 0"
                ""
                spec.Architecture.AuxK.IsNone
        | _ -> []

    let internal rules spec =
        Rules.optional (Rules.atLeast 1) "d_in" spec.DIn
        @ Rules.atLeast 1 "d_sae" spec.DSae
        @ Rules.optional Rules.positive "decoder_init_norm" spec.DecoderInitNorm
        @ normalizationRules spec
        @ listaRules spec
        @ targetRules spec
        @ scheduleRules spec
        @ Rules.at "l0_autotuner" (L0Autotuner.rules spec.Autotuner)
        @ Rules.at "initialization" (Options.initialisationRules spec.Initialization)
        @ Rules.at "resampling" (Rules.optional (fun _ -> Resampling.rules) "" spec.Resampling)
        @ SaeArchitecture.rules spec.DSae (architecture spec)

    /// The specification marked as valid, or every broken rule in the order of the fields.
    let validate (spec: SaeSpec) : Result<Valid<SaeSpec>, SpecError list> =
        Rules.validated spec (rules spec)

    // ---- JSON ----------------------------------------------------------------------------------

    // What the reference writes besides, at the only value that has a meaning here.
    let private onlyOnes: Fields<SaeSpec, unit> =
        let only name value reason =
            Fields.only name (Json.String value) reason

        Fields.fields<SaeSpec> {
            let! () = only "dtype" "float32" "everything is computed in float32"
            and! () = only "device" "cpu" "the device is chosen when a run starts"
            and! () = only "reshape_activations" "none" "activations are vectors"
            and! () = Fields.ignored [ "metadata" ]
            return ()
        }

    let internal codec: Codec<SaeSpec> =
        let optional name codec fallback part =
            Fields.optional name codec fallback |> Fields.from part

        let unusual name codec fallback part =
            Fields.unusual name codec fallback |> Fields.from part

        Fields.fields<SaeSpec> {
            let! dIn = optional "d_in" (Codec.nullable Codec.int) None _.DIn
            and! dSae = Fields.required "d_sae" Codec.int |> Fields.from _.DSae
            and! () = onlyOnes
            and! applyBDec = optional "apply_b_dec_to_input" Codec.bool true _.ApplyBDecToInput

            and! initNorm =
                optional
                    "decoder_init_norm"
                    (Codec.nullable Codec.number)
                    (Some 0.1)
                    _.DecoderInitNorm

            and! normalization =
                unusual
                    "normalize_activations"
                    Options.normalization
                    ActivationNormalization.None
                    _.Normalization

            and! lista = unusual "lista_eta" (Codec.nullable Codec.number) None _.ListaEta
            and! target = unusual "target_l0" (Codec.nullable Codec.number) None _.TargetL0

            and! schedule =
                unusual "l0_schedule" (Codec.nullable L0Schedule.codec) None _.L0Schedule

            and! tuner = unusual "l0_autotuner" L0Autotuner.codec L0Autotuner.standard _.Autotuner

            and! decoderNorm =
                unusual "decoder_norm" Options.decoderNorm DecoderNorm.Free _.DecoderNorm

            and! initialization =
                unusual
                    "initialization"
                    Options.initialisation
                    SaeInitialisation.Random
                    _.Initialization

            and! resampling =
                unusual "resampling" (Codec.nullable Resampling.codec) None _.Resampling

            and! seed = unusual "seed" (Codec.nullable Codec.int64) None _.Seed
            and! architecture = SaeArchitecture.fields |> Fields.from _.Architecture

            return
                { DIn = dIn
                  DSae = dSae
                  Architecture = architecture
                  DecoderInitNorm = initNorm
                  ApplyBDecToInput = applyBDec
                  Normalization = normalization
                  ListaEta = lista
                  TargetL0 = target
                  L0Schedule = schedule
                  Autotuner = tuner
                  DecoderNorm = decoderNorm
                  Initialization = initialization
                  Resampling = resampling
                  Seed = seed }
        }
        |> Fields.toObject

    /// Read the text of a training `cfg.json`; every problem in it comes back at once.
    let ofJson (text: string) : Result<SaeSpec, SpecError list> = Codec.ofText codec text

    /// Read a `cfg.json` as the reference does, for whom fields that it does not know have no effect: the
    /// specification, and the fields that were left out.
    let ofReferenceJson (text: string) : Result<SaeSpec * string list, SpecError list> =
        let without strangers json =
            match json with
            | Json.Object fields ->
                Json.Object(
                    fields |> List.filter (fun (name, _) -> not (List.contains name strangers))
                )
            | other -> other

        match Json.parse text with
        | Error errors -> Error errors
        | Ok json ->
            let strangers =
                Errors.ofResult (codec.Read json) |> List.filter Fields.isUnknown |> List.map _.Path

            codec.Read(without strangers json) |> Result.map (fun spec -> spec, strangers)

    /// The specification as JSON in the reference's field names.
    let toJson (spec: SaeSpec) : string = Codec.toText codec spec
