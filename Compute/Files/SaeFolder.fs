namespace SynthSae.Compute.Files

open System
open System.IO
open System.Text.Json.Nodes
open SynthSae.Compute
open SynthSae.Spec

/// What BatchTopK is replaced by where samples come alone: thresholds that training follows.
type RunningThresholds =
    {
        /// Of the selection that is decoded (`topk_threshold`).
        Final: float
        /// Of the selection before a residual correction (`topk_threshold_first`).
        First: float
    }

    /// For an SAE that has none.
    static member Zero = { Final = 0.0; First = 0.0 }

/// An SAE as the reference keeps it: a folder with `cfg.json` and `sae_weights.safetensors`.
type SaeFolder =
    {
        /// In the form of the file: training forms of batchtopk stay BatchTopK.
        Sae: Sae
        Config: SaeConfig
        /// Those of a training form of batchtopk.
        Thresholds: RunningThresholds
        /// The factor s of inputs that the weights are for (`activation_scaler.json`), 1 where there is none.
        InputScale: float
        /// What was read otherwise than it stands in the files.
        Notes: string list
    }

    /// The SAE that is used for inference, of a training form: BatchTopK by its running threshold, decoder norms
    /// folded where the reference folds them. The factor of the inputs is folded of either form.
    member folder.Inference =
        match folder.Config.Form with
        | SaeForm.Inference -> folder.Sae
        | SaeForm.Training ->
            folder.Sae |> Fold.inference folder.Thresholds.Final folder.Thresholds.First
        |> Fold.inputScale folder.InputScale

/// Reading and writing SAE folders in the reference's format.
module SaeFolder =
    [<Literal>]
    let ConfigFile = "cfg.json"

    [<Literal>]
    let WeightsFile = "sae_weights.safetensors"

    [<Literal>]
    let SparsityFile = "sparsity.safetensors"

    /// The factor of the inputs beside a checkpoint of training.
    [<Literal>]
    let ScalerFile = "activation_scaler.json"

    /// The version of the reference whose files these are: without one it would assume old defaults.
    [<Literal>]
    let FormatVersion = "6.38.0"

    // ---- reading -------------------------------------------------------------------------------

    /// Thresholds; in some checkpoints of versions before 6.48 as their logarithms.
    let private thresholds (weights: SaeWeights) latents =
        if weights.Has "log_threshold" then
            weights.Vector("log_threshold", latents) |> Array.map exp
        else
            weights.Vector("threshold", latents)

    let private activation (weights: SaeWeights) (config: SaeConfig) =
        let vector name = weights.Vector(name, config.DSae)

        match config.Architecture with
        | "topk"
        | "lista_topk" -> Activation.TopK(int config.K, config.RescaleActsByDecoderNorm)
        | "abstopk" -> Activation.AbsTopK(int config.K, config.RescaleActsByDecoderNorm)
        | "batchtopk"
        | "matryoshka_batchtopk" -> Activation.BatchTopK(config.K, config.RescaleActsByDecoderNorm)
        | "jumprelu"
        | "lista_jumprelu" -> Activation.JumpRelu(thresholds weights config.DSae)
        | "gated" -> Activation.Gated(vector "r_mag", vector "b_mag")
        | "matching_pursuit" -> Activation.Pursuit config.Pursuit.Value
        | _ -> Activation.Relu

    /// The selection before the correction is the other one again, by thresholds of its own.
    let private refinement (weights: SaeWeights) (config: SaeConfig) activation =
        config.ListaEta
        |> Option.map (fun eta ->
            let first =
                match activation with
                | Activation.JumpRelu _ ->
                    Activation.JumpRelu(weights.Vector("first_threshold", config.DSae))
                | other -> other

            { Eta = eta; First = first })

    let private runningThresholds (weights: SaeWeights) (sae: Sae) =
        match sae.Activation with
        | Activation.BatchTopK _ ->
            { Final = weights.Scalar "topk_threshold"
              First = if sae.Refinement.IsSome then weights.Scalar "topk_threshold_first" else 0.0 }
        | _ -> RunningThresholds.Zero

    /// Factors of latents before they are decoded, which versions before 6.0 could have; all 1 is none.
    let private finetuning (weights: SaeWeights) (config: SaeConfig) =
        [ "scaling_factor"; "finetuning_scaling_factor" ]
        |> List.tryFind weights.Has
        |> Option.map (fun name -> name, weights.Vector(name, config.DSae))
        |> Option.filter (snd >> Array.exists (fun factor -> abs (factor - 1.0f) > 1e-5f))
        |> Option.map (fun (name, factors) ->
            if not config.FinetuningScalingFactor then
                let problem = $"tensor '{name}' is not 1, but {ConfigFile} has no"
                raise (BadInput(weights.Path, problem + " finetuning_scaling_factor"))

            factors)

    let private scaleRows (factors: float32[]) (matrix: Matrix) =
        Matrix.init matrix.Rows matrix.Cols (fun j i -> matrix[j, i] * factors[j])

    let private readSae (weights: SaeWeights) (config: SaeConfig) : Sae =
        let latents, dim = config.DSae, config.DIn

        let encoder, bias =
            match config.Architecture with
            | "matching_pursuit" -> Matrix(0, dim), [||]
            | name ->
                Matrix.transpose (weights.Matrix("W_enc", dim, latents)),
                weights.Vector((if name = "gated" then "b_gate" else "b_enc"), latents)

        let decoder = weights.Matrix("W_dec", latents, dim)
        let activation = activation weights config

        { Encoder = encoder
          Decoder = decoder
          EncoderBias = bias
          DecoderBias = weights.Vector("b_dec", dim)
          ApplyDecoderBiasToInput = config.ApplyBDecToInput
          Activation = activation
          Refinement = refinement weights config activation
          Scaling = config.Scaling }

    /// The factor of inputs beside the weights, where they are for scaled ones.
    let private inputScale (folder: string) (config: SaeConfig) =
        let scaler = Path.Combine(folder, ScalerFile)

        if not config.ExpectedAverage then
            1.0
        elif File.Exists scaler then
            CfgFields.ofText scaler (FileErrors.readText scaler)
            |> CfgFields.find CfgFields.positive "scaling_factor"
        else
            let problem =
                "normalize_activations: expected_average_only_in means inputs times a factor that is "
                + $"not in this folder; fold it into the weights, or add {ScalerFile} with scaling_factor"

            raise (BadInput(Path.Combine(folder, ConfigFile), problem))

    let private notes (weights: SaeWeights) (config: SaeConfig) finetuned =
        [ if config.Legacy then
              match config.Version with
              | Some version -> $"{ConfigFile} is of version {version} of the reference"
              | None -> $"{ConfigFile} names no version: it is read as one from before 6.0"
          for other in weights.OtherTypes do
              let change = if other = "F64" then "rounded" else "widened"
              $"weights in {other} are {change} to F32"
          if weights.Has "log_threshold" then
              "log_threshold became threshold"
          if finetuned then
              "the latents' scaling factors are multiplied into W_dec" ]

    /// Read the folder of an SAE in inference or training form. Raises `BadInput` for an architecture that
    /// is not supported, and for files that are damaged or do not fit each other.
    let read (folder: string) : SaeFolder =
        let config = SaeConfig.read (Path.Combine(folder, ConfigFile))
        let scale = inputScale folder config
        use file = Safetensors.read (Path.Combine(folder, WeightsFile))
        let weights = SaeWeights file
        let sae = readSae weights config
        let thresholds = runningThresholds weights sae
        let factors = finetuning weights config
        weights.CheckAllRead()

        { Sae =
            match factors with
            | Some factors -> { sae with Decoder = scaleRows factors sae.Decoder }
            | None -> sae
          Config = config
          Thresholds = thresholds
          InputScale = scale
          Notes = notes weights config factors.IsSome }

    /// log10 of how often each latent fires, where the folder says so.
    let readSparsity (folder: string) : float32[] option =
        let path = Path.Combine(folder, SparsityFile)

        if File.Exists path then
            use file = Safetensors.read path
            Some(file.Float32 "sparsity")
        else
            None

    // ---- writing -------------------------------------------------------------------------------

    let private tensors (sae: Sae) =
        [ "W_dec", Tensor.Matrix sae.Decoder
          "b_dec", Tensor.vector sae.DecoderBias
          match sae.Activation with
          | Activation.Pursuit _ -> ()
          | _ -> "W_enc", Tensor.Transposed sae.Encoder
          match sae.Activation with
          | Activation.Pursuit _ -> ()
          | Activation.Gated(scale, bias) ->
              "b_gate", Tensor.vector sae.EncoderBias
              "r_mag", Tensor.vector scale
              "b_mag", Tensor.vector bias
          | _ -> "b_enc", Tensor.vector sae.EncoderBias
          match sae.Activation with
          | Activation.JumpRelu threshold -> "threshold", Tensor.vector threshold
          | _ -> ()
          match sae.Refinement with
          | Some { First = Activation.JumpRelu first } -> "first_threshold", Tensor.vector first
          | _ -> () ]

    let private text (value: string) : JsonNode = JsonValue.Create value

    let private number (value: int) : JsonNode = JsonValue.Create value

    let private real (value: float) : JsonNode = JsonValue.Create value

    let private flag (value: bool) : JsonNode = JsonValue.Create value

    /// The metadata that the reference wants, and the caller's.
    let private metadata (own: JsonObject) : JsonNode =
        let result = JsonObject()
        result["sae_lens_version"] <- text FormatVersion
        result["sae_lens_training_version"] <- text FormatVersion

        for field in own do
            result[field.Key] <- if isNull field.Value then null else field.Value.DeepClone()

        result

    let private normalization scaling =
        match scaling with
        | InputScaling.None -> "none"
        | InputScaling.ConstantNorm -> "constant_norm_rescale"
        | InputScaling.LayerNorm -> "layer_norm"

    let private common own (sae: Sae) : (string * JsonNode) list =
        [ "d_in", number sae.Dim
          "d_sae", number sae.Latents
          "dtype", text "float32"
          "device", text "cpu"
          "apply_b_dec_to_input", flag sae.ApplyDecoderBiasToInput
          "normalize_activations", text (normalization sae.Scaling)
          "reshape_activations", text "none"
          "metadata", metadata own ]

    let private topK k rescale : (string * JsonNode) list =
        [ "k", number k; "rescale_acts_by_decoder_norm", flag rescale ]

    /// Name and own fields of the architecture in inference form.
    let private inferenceFields (sae: Sae) : string * (string * JsonNode) list =
        match sae.Activation, sae.Refinement with
        | Activation.BatchTopK _, _ ->
            invalidArg (nameof sae) "BatchTopK has no inference form of its own: see Fold.inference"
        | Activation.TopK(k, rescale), Some { Eta = eta; First = first } when first = sae.Activation ->
            "lista_topk", ("lista_eta", real eta) :: topK k rescale
        | Activation.JumpRelu _, Some { Eta = eta; First = Activation.JumpRelu _ } ->
            "lista_jumprelu", [ "lista_eta", real eta ]
        | _, Some _ -> raise (BadInput("SAE", "has a residual correction that cannot be saved"))
        | Activation.Relu, None -> "standard", []
        | Activation.TopK(k, rescale), None -> "topk", topK k rescale
        | Activation.AbsTopK(k, rescale), None -> "abstopk", topK k rescale
        | Activation.JumpRelu _, None -> "jumprelu", []
        | Activation.Gated _, None -> "gated", []
        | Activation.Pursuit limits, None ->
            "matching_pursuit",
            [ "residual_threshold", real limits.ResidualThreshold
              "max_iterations", number limits.MaxIterations
              "stop_on_duplicate_support", flag limits.StopOnDuplicateSupport ]

    /// The name that `write` gives the architecture of an SAE in inference form.
    let architecture (sae: Sae) : string = fst (inferenceFields sae)

    /// The weights first: a folder with a cfg.json is complete.
    let private save (folder: string) (config: JsonObject) tensors =
        Safetensors.write (Path.Combine(folder, WeightsFile)) [] tensors
        AtomicFile.writeText (Path.Combine(folder, ConfigFile)) (config.ToJsonString())

    let private set (fields: (string * JsonNode) list) (config: JsonObject) =
        for name, value in fields do
            config[name] <- value

        config

    /// `write`, of an SAE on activations that are reshaped before.
    let internal writeWith (reshape: string) (folder: string) (own: JsonObject) (sae: Sae) =
        let name, fields = inferenceFields sae
        let last = [ "reshape_activations", text reshape; "architecture", text name ]
        save folder (set (common own sae @ fields @ last) (JsonObject())) (tensors sae)

    /// Write an SAE in inference form (`Fold.inference`) so that the reference loads it; what it has no word for
    /// (`abstopk`, `lista_topk`, `lista_jumprelu`) it refuses. `own` is added to the metadata in cfg.json.
    let write (folder: string) (own: JsonObject) (sae: Sae) = writeWith "none" folder own sae

    let private running (thresholds: RunningThresholds) (sae: Sae) =
        let scalar value = Tensor.Float64([], [| value |])

        match sae.Activation with
        | Activation.BatchTopK _ ->
            [ "topk_threshold", scalar thresholds.Final
              if sae.Refinement.IsSome then
                  "topk_threshold_first", scalar thresholds.First ]
        | _ -> []

    /// Write an SAE in training form, as the reference's checkpoints hold it, with the settings it is trained
    /// with. Thresholds of JumpReLU are written as they are (`threshold`), whatever is trained of them. Of a
    /// specification with `ExpectedAverage` the weights are those for scaled inputs, and `writeInputScale` belongs
    /// to the folder; once the factor is folded into them, the specification says `None`.
    let writeTraining
        (folder: string)
        (own: JsonObject)
        (spec: SaeSpec)
        (thresholds: RunningThresholds)
        (sae: Sae)
        =
        let config = JsonNode.Parse(SaeSpec.toJson spec).AsObject()

        let normalization: (string * JsonNode) list =
            match spec.Normalization with
            | ActivationNormalization.ExpectedAverage ->
                [ "normalize_activations", text "expected_average_only_in" ]
            | _ -> []

        save
            folder
            (set (common own sae @ normalization) config)
            (tensors sae @ running thresholds sae)

    /// Write the factor of the inputs of a training form as the reference does.
    let writeInputScale (folder: string) (factor: float) =
        let content = set [ "scaling_factor", real factor ] (JsonObject())
        AtomicFile.writeText (Path.Combine(folder, ScalerFile)) (content.ToJsonString())

    /// Write what `readSparsity` read.
    let internal writeLogarithms (folder: string) (sparsity: float32[]) =
        Safetensors.write
            (Path.Combine(folder, SparsityFile))
            []
            [ "sparsity", Tensor.vector sparsity ]

    /// Write how often each latent fires as the reference does: log10(frequency + 1e-10).
    let writeSparsity (folder: string) (frequency: float[]) =
        frequency
        |> Array.map (fun f -> float32 (Math.Log10(f + 1e-10)))
        |> writeLogarithms folder
