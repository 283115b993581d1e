namespace SynthSae.Compute.Files

open System.Text.Json
open System.Text.Json.Nodes
open SynthSae.Compute

/// The two forms in which the reference keeps an SAE.
[<RequireQualifiedAccess>]
type SaeForm =
    /// For use: what `save_inference_model` writes.
    | Inference
    /// As it is trained, with all settings of training: a checkpoint.
    | Training

/// What the reference's `cfg.json` says about an SAE, as far as it matters for running it.
type SaeConfig =
    {
        /// One of `SaeConfig.supported`.
        Architecture: string
        Form: SaeForm
        /// D.
        DIn: int
        /// L.
        DSae: int
        /// Subtract b_dec from the input before encoding.
        ApplyBDecToInput: bool
        /// k of the TopK family, an integer but for batchtopk and matryoshka_batchtopk; 0 for the others.
        K: float
        /// Compare pre-activations scaled by ‖W_dec,j‖.
        RescaleActsByDecoderNorm: bool
        /// When matching pursuit ends.
        Pursuit: PursuitLimits option
        /// η of the residual correction in the encoder (LISTA).
        ListaEta: float option
        /// What is done to each input (`normalize_activations`).
        Scaling: InputScaling
        /// The weights are for inputs times a factor that is not in them (`expected_average_only_in`).
        ExpectedAverage: bool
        /// `reshape_activations`: none, or hook_z for heads that are flattened before.
        Reshape: string
        /// Latents are multiplied by a tensor before they are decoded (versions before 6.0).
        FinetuningScalingFactor: bool
        /// The version of the reference that wrote it.
        Version: string option
        /// Read by the rules for versions before 6.0: an older one, or none is named.
        Legacy: bool
        /// The whole text.
        Text: string
    }

/// Reading `cfg.json`. As in the reference unknown keys are ignored; what is needed must be there. Files of
/// versions before 6.0 have other names for some fields and leave others out.
module SaeConfig =
    open CfgFields

    /// The architectures that can be read. The reference has no `abstopk`, `lista_topk` and `lista_jumprelu`.
    let supported =
        [ "standard"
          "topk"
          "abstopk"
          "batchtopk"
          "matryoshka_batchtopk"
          "jumprelu"
          "gated"
          "matching_pursuit"
          "lista_topk"
          "lista_jumprelu" ]

    // ---- versions ------------------------------------------------------------------------------

    let private metadata fields =
        tryValue table "metadata" fields |> Option.defaultValue Map.empty

    let private version fields =
        let beside = { fields with Values = metadata fields }

        tryValue text "sae_lens_version" fields
        |> Option.orElse (tryValue text "sae_lens_version" beside)

    /// (major, minor) of a version like 6.38.0 or 6.0.0-rc.1.
    let private parts fields (version: string) =
        match version.Split '.' |> Array.truncate 2 |> Array.map System.Int32.TryParse with
        | [| true, major; true, minor |] -> major, minor
        | _ -> fail fields $"sae_lens_version: must be a version (got {version})"

    /// Fields of versions before 6.0 that have other names now.
    let private renamed =
        Map
            [ "hook_point", "hook_name"
              "hook_point_head_index", "hook_head_index"
              "activation_fn_str", "activation_fn" ]

    let private modernNames fields =
        { fields with
            Values =
                fields.Values
                |> Map.toList
                |> List.map (fun (name, value) ->
                    (Map.tryFind name renamed |> Option.defaultValue name), value)
                |> Map.ofList }

    // ---- fields --------------------------------------------------------------------------------

    /// Before 6.0 a missing architecture was standard, and topk an activation function of it.
    let private legacyArchitecture fields =
        let named = tryValue text "architecture" fields |> Option.defaultValue "standard"

        match named, tryValue text "activation_fn" fields |> Option.defaultValue "relu" with
        | ("standard" | "topk"), "topk" -> "topk"
        | _, "relu" -> named
        | _, other -> fail fields $"activation_fn: '{other}' is not supported; supported is relu"

    let private architecture legacy fields =
        let name = if legacy then legacyArchitecture fields else find text "architecture" fields

        if not (List.contains name supported) then
            let known = String.concat ", " supported
            fail fields $"architecture: '{name}' is not supported; supported are {known}"

        name

    /// Fields that only configurations of training have.
    let private ofTraining =
        [ "decoder_init_norm"; "aux_loss_coefficient"; "l1_coefficient"; "l0_coefficient" ]

    let private form architecture fields =
        match architecture with
        | "batchtopk"
        | "matryoshka_batchtopk" -> SaeForm.Training
        | _ when ofTraining |> List.exists (fun name -> fields.Values.ContainsKey name) ->
            SaeForm.Training
        | _ -> SaeForm.Inference

    /// In old files it is a flag, or null.
    let private normalization legacy fields =
        match Map.tryFind "normalize_activations" fields.Values with
        | Some value when legacy && value.ValueKind = JsonValueKind.True ->
            "expected_average_only_in"
        | Some value when
            legacy
            && (value.ValueKind = JsonValueKind.False || value.ValueKind = JsonValueKind.Null)
            ->
            "none"
        | _ -> tryFind text "normalize_activations" fields |> Option.defaultValue "none"

    let private scaling fields normalization =
        match normalization with
        | "none" -> InputScaling.None, false
        | "expected_average_only_in" -> InputScaling.None, true
        | "constant_norm_rescale" -> InputScaling.ConstantNorm, false
        | "layer_norm" -> InputScaling.LayerNorm, false
        | other ->
            let known = "none, expected_average_only_in, constant_norm_rescale, layer_norm"
            fail fields $"normalize_activations: '{other}' is not supported; supported are {known}"

    /// hook_z flattens heads into vectors: here vectors are what comes in.
    let private reshape legacy fields =
        let old =
            match tryValue text "hook_name" fields with
            | Some hook when legacy && hook.Contains "hook_z" -> "hook_z"
            | _ -> "none"

        match tryFind text "reshape_activations" fields |> Option.defaultValue old with
        | "none"
        | "hook_z" as known -> known
        | other ->
            fail
                fields
                $"reshape_activations: '{other}' is not supported; supported are none, hook_z"

    let private k architecture dSae fields =
        let inArguments =
            { fields with
                Values =
                    tryValue table "activation_fn_kwargs" fields |> Option.defaultValue Map.empty }

        let holder = if inArguments.Values.ContainsKey "k" then inArguments else fields

        let k =
            match architecture with
            | "topk" -> float (find size "k" holder)
            | "lista_topk"
            | "abstopk" -> float (find size "k" fields)
            | "batchtopk"
            | "matryoshka_batchtopk" -> find positive "k" fields
            | _ -> 0.0

        if k > float dSae then
            fail fields $"k: must be at most d_sae {dSae} (got {k})"

        k

    /// Without the field: configurations of training rescale since there is the field, from version 6.14 on;
    /// those for inference do not.
    let private rescales version form fields =
        let there = version |> Option.exists (fun version -> version >= (6, 14))

        tryFind flag "rescale_acts_by_decoder_norm" fields
        |> Option.defaultValue (form = SaeForm.Training && there)

    let private pursuit architecture dIn fields =
        if architecture <> "matching_pursuit" then
            None
        else
            Some
                { MaxIterations = tryValue size "max_iterations" fields |> Option.defaultValue dIn
                  ResidualThreshold =
                    tryFind notNegative "residual_threshold" fields |> Option.defaultValue 0.01
                  StopOnDuplicateSupport =
                    tryFind flag "stop_on_duplicate_support" fields |> Option.defaultValue true }

    let private listaEta (architecture: string) fields =
        match architecture with
        | "lista_topk"
        | "lista_jumprelu" -> Some(find positive "lista_eta" fields)
        | "topk"
        | "batchtopk"
        | "matryoshka_batchtopk" -> tryValue positive "lista_eta" fields
        | _ -> None

    let private ofFields (content: string) (given: CfgFields) =
        let version = version given
        let parsed = version |> Option.map (parts given)
        let legacy = parsed |> Option.forall (fun (major, _) -> major < 6)
        let fields = if legacy then modernNames given else given
        let architecture = architecture legacy fields
        let form = form architecture fields
        let dIn, dSae = find size "d_in" fields, find size "d_sae" fields
        let scaling, expectedAverage = normalization legacy fields |> scaling fields

        { Architecture = architecture
          Form = form
          DIn = dIn
          DSae = dSae
          ApplyBDecToInput = tryFind flag "apply_b_dec_to_input" fields |> Option.defaultValue true
          K = k architecture dSae fields
          RescaleActsByDecoderNorm = rescales parsed form fields
          Pursuit = pursuit architecture dIn fields
          ListaEta = listaEta architecture fields
          Scaling = scaling
          ExpectedAverage = expectedAverage
          Reshape = reshape legacy fields
          FinetuningScalingFactor =
            tryValue flag "finetuning_scaling_factor" fields |> Option.defaultValue false
          Version = version
          Legacy = legacy
          Text = content }

    /// Read and check a `cfg.json`.
    let read (file: string) : SaeConfig =
        let content = FileErrors.readText file

        try
            CfgFields.ofText file content |> ofFields content
        with :? System.InvalidOperationException ->
            // An escaped half of a surrogate pair.
            raise (BadInput(file, "holds text that is not Unicode"))

    /// Fields about the model that the activations come from, which old files keep among the others.
    let private aboutModel =
        [ "model_name"
          "hook_name"
          "model_class_name"
          "hook_head_index"
          "model_from_pretrained_kwargs"
          "prepend_bos"
          "exclude_special_tokens"
          "neuronpedia_id"
          "context_size"
          "seqpos_slice"
          "dataset_path"
          "sae_lens_training_version"
          "hook_name_out"
          "hook_head_index_out"
          "hf_hook_name"
          "hf_hook_name_out" ]

    /// The fields as an object, if they can be written again.
    let private writable fields =
        let result = toObject fields

        try
            result.ToJsonString() |> ignore
            result
        with :? System.InvalidOperationException ->
            raise (BadInput("cfg.json", "holds text that is not Unicode"))

    /// The fields of a configuration, under the names of version 6.
    let internal fieldsOf (config: SaeConfig) : JsonObject =
        let fields = CfgFields.ofText "cfg.json" config.Text
        writable (if config.Legacy then modernNames fields else fields).Values

    /// What a configuration says beside what is needed to run the SAE, as the metadata of a new one.
    let metadataOf (config: SaeConfig) : JsonObject =
        let fields = CfgFields.ofText "cfg.json" config.Text

        let old =
            if config.Legacy then
                (modernNames fields).Values
                |> Map.filter (fun name _ -> List.contains name aboutModel)
            else
                Map.empty

        (old, metadata fields)
        ||> Map.fold (fun all name value -> Map.add name value all)
        |> Map.remove "sae_lens_version"
        |> writable
