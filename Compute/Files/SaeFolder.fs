namespace SynthSae.Compute.Files

open System
open System.IO
open System.Text.Json.Nodes
open SynthSae.Compute
open SynthSae.Spec

/// An SAE as the reference keeps it: a folder with `cfg.json` and `sae_weights.safetensors`.
type SaeFolder =
    {
        /// In the form of the file: training forms of batchtopk stay BatchTopK.
        Sae: Sae
        Config: SaeConfig
        /// The running threshold in a training form of batchtopk (`topk_threshold`).
        TopKThreshold: float option
    }

    /// The SAE that is used for inference: BatchTopK by its running threshold, decoder norms folded where
    /// the reference folds them.
    member folder.Inference = Fold.inference (defaultArg folder.TopKThreshold 0.0) 0.0 folder.Sae

/// Reading and writing SAE folders in the reference's format.
module SaeFolder =
    [<Literal>]
    let ConfigFile = "cfg.json"

    [<Literal>]
    let WeightsFile = "sae_weights.safetensors"

    [<Literal>]
    let SparsityFile = "sparsity.safetensors"

    /// The version of the reference whose files these are: without one it would assume old defaults.
    [<Literal>]
    let FormatVersion = "6.38.0"

    // ---- reading -------------------------------------------------------------------------------

    /// State of the reference's controllers that is left in some published files.
    let private ignored (name: string) =
        name.StartsWith("coefficient_autotuner.", StringComparison.Ordinal)

    let private checkNames (file: SafetensorsFile) (expected: string list) =
        for info in file.Tensors do
            if not (ignored info.Name || List.contains info.Name expected) then
                let known = String.concat ", " expected
                let problem = $"holds the unknown tensor '{info.Name}'; expected are {known}"
                raise (BadInput(file.Path, problem))

    /// Thresholds, from a checkpoint of versions before 6.48 as exp(log_threshold).
    let private thresholds (file: SafetensorsFile) (latents: int) =
        if file.Has "log_threshold" then
            Parameters.vector file "log_threshold" latents |> Array.map exp
        else
            Parameters.vector file "threshold" latents

    let private activation (file: SafetensorsFile) (config: SaeConfig) =
        match config.Architecture with
        | "topk" -> Activation.TopK(int config.K, config.RescaleActsByDecoderNorm)
        | "batchtopk"
        | "matryoshka_batchtopk" -> Activation.BatchTopK(config.K, config.RescaleActsByDecoderNorm)
        | "jumprelu" -> Activation.JumpRelu(thresholds file config.DSae)
        | _ -> Activation.Relu

    /// Names of the tensors beside W_enc, W_dec, b_enc and b_dec.
    let private extra (file: SafetensorsFile) (architecture: string) =
        match architecture with
        | "jumprelu" when file.Has "log_threshold" -> [ "log_threshold" ]
        | "jumprelu" -> [ "threshold" ]
        | "batchtopk"
        | "matryoshka_batchtopk" -> [ "topk_threshold" ]
        | _ -> []

    let private topKThreshold (file: SafetensorsFile) (config: SaeConfig) =
        match extra file config.Architecture with
        | [ "topk_threshold" as name ] -> Some(Parameters.scalar file name)
        | _ -> None

    /// Read the folder of an SAE in inference or training form. Raises `BadInput` for an architecture that
    /// is not supported, and for files that are damaged or do not fit each other.
    let read (folder: string) : SaeFolder =
        let config = SaeConfig.read (Path.Combine(folder, ConfigFile))
        use file = Safetensors.read (Path.Combine(folder, WeightsFile))
        let latents, dim = config.DSae, config.DIn
        checkNames file ([ "W_enc"; "W_dec"; "b_enc"; "b_dec" ] @ extra file config.Architecture)

        { Sae =
            { Encoder = Matrix.transpose (Parameters.matrix file "W_enc" dim latents)
              Decoder = Parameters.matrix file "W_dec" latents dim
              EncoderBias = Parameters.vector file "b_enc" latents
              DecoderBias = Parameters.vector file "b_dec" dim
              ApplyDecoderBiasToInput = config.ApplyBDecToInput
              Activation = activation file config
              Refinement = None
              Scaling = InputScaling.None }
          Config = config
          TopKThreshold = topKThreshold file config }

    // ---- writing -------------------------------------------------------------------------------

    let private tensors (sae: Sae) =
        [ "W_enc", Tensor.Transposed sae.Encoder
          "W_dec", Tensor.Matrix sae.Decoder
          "b_enc", Tensor.vector sae.EncoderBias
          "b_dec", Tensor.vector sae.DecoderBias
          match sae.Activation with
          | Activation.JumpRelu threshold -> "threshold", Tensor.vector threshold
          | _ -> () ]

    let private text (value: string) : JsonNode = JsonValue.Create value

    let private number (value: int) : JsonNode = JsonValue.Create value

    let private flag (value: bool) : JsonNode = JsonValue.Create value

    /// The metadata that the reference wants, and the caller's.
    let private metadata (own: JsonObject) : JsonNode =
        let result = JsonObject()
        result["sae_lens_version"] <- text FormatVersion
        result["sae_lens_training_version"] <- text FormatVersion

        for field in own do
            result[field.Key] <- if isNull field.Value then null else field.Value.DeepClone()

        result

    let private common (sae: Sae) : (string * JsonNode) list =
        [ "d_in", number sae.Dim
          "d_sae", number sae.Latents
          "dtype", text "float32"
          "device", text "cpu"
          "apply_b_dec_to_input", flag sae.ApplyDecoderBiasToInput
          "normalize_activations", text "none"
          "reshape_activations", text "none" ]

    /// Fields of the architecture in inference form.
    let private inferenceFields (sae: Sae) : (string * JsonNode) list =
        match sae.Activation with
        | Activation.Relu -> [ "architecture", text "standard" ]
        | Activation.JumpRelu _ -> [ "architecture", text "jumprelu" ]
        | Activation.TopK(k, rescale) ->
            [ "k", number k
              "rescale_acts_by_decoder_norm", flag rescale
              "architecture", text "topk" ]
        | Activation.AbsTopK _
        | Activation.Gated _
        | Activation.Pursuit _ -> raise (BadInput("SAE", "cannot be saved yet"))
        | Activation.BatchTopK _ ->
            invalidArg (nameof sae) "BatchTopK has no inference form of its own: see Fold.inference"

    /// The weights first: a folder with a cfg.json is complete.
    let private save (folder: string) (config: JsonObject) tensors =
        Safetensors.write (Path.Combine(folder, WeightsFile)) [] tensors
        AtomicFile.writeText (Path.Combine(folder, ConfigFile)) (config.ToJsonString())

    let private set (fields: (string * JsonNode) list) (config: JsonObject) =
        for name, value in fields do
            config[name] <- value

        config

    /// Write an SAE in inference form (`Fold.inference`) so that the reference loads it. `own` is added to
    /// the metadata in cfg.json.
    let write (folder: string) (own: JsonObject) (sae: Sae) =
        let fields = common sae @ [ "metadata", metadata own ] @ inferenceFields sae
        save folder (set fields (JsonObject())) (tensors sae)

    /// Write an SAE in training form, as the reference's checkpoints hold it, with the settings it is trained
    /// with; `threshold` is BatchTopK's running threshold.
    let writeTraining
        (folder: string)
        (own: JsonObject)
        (spec: SaeSpec)
        (threshold: float)
        (sae: Sae)
        =
        let config = JsonNode.Parse(SaeSpec.toJson spec).AsObject()
        let fields = common sae @ [ "metadata", metadata own ]

        let running =
            match sae.Activation with
            | Activation.BatchTopK _ -> [ "topk_threshold", Tensor.Float64([], [| threshold |]) ]
            | _ -> []

        save folder (set fields config) (tensors sae @ running)

    /// Write how often each latent fires as the reference does: log10(frequency + 1e-10).
    let writeSparsity (folder: string) (frequency: float[]) =
        let sparsity = frequency |> Array.map (fun f -> float32 (Math.Log10(f + 1e-10)))
        let path = Path.Combine(folder, SparsityFile)
        Safetensors.write path [] [ "sparsity", Tensor.vector sparsity ]
