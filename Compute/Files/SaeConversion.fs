namespace SynthSae.Compute.Files

open System.IO
open System.Text.Json.Nodes
open SynthSae.Compute
open SynthSae.Spec

/// What an SAE folder shall become.
type SaeTarget =
    {
        Form: SaeForm
        /// Decoder rows of norm 1, their norms in the encoder.
        Fold: bool
        /// The one architecture that others can be written as: jumprelu.
        Architecture: string option
    }

/// An SAE on its way into another folder.
type SaeConversion =
    {
        Sae: Sae
        /// As cfg.json will name it.
        Architecture: string
        Form: SaeForm
        /// The settings of a training form.
        Spec: SaeSpec option
        /// What will be otherwise than in the folder that was read, but for the layout of files.
        Changes: string list
    }

/// From one SAE folder to another with the same output: between the forms, from older versions and other types
/// of numbers, with the decoder's norms folded.
module SaeConversion =
    let private fail (folder: SaeFolder) problem =
        raise (BadInput(folder.Config.Architecture, problem))

    // ---- settings of training ------------------------------------------------------------------

    let private architectureFields (sae: Sae) : (string * JsonNode) list =
        let topK (k: JsonNode) (rescale: bool) : (string * JsonNode) list =
            [ "k", k; "rescale_acts_by_decoder_norm", JsonValue.Create rescale ]

        match sae.Activation with
        | Activation.TopK(k, rescale)
        | Activation.AbsTopK(k, rescale) -> topK (JsonValue.Create k) rescale
        | Activation.BatchTopK(k, rescale) -> topK (JsonValue.Create k) rescale
        | Activation.Pursuit limits ->
            [ "residual_threshold", JsonValue.Create limits.ResidualThreshold
              "max_iterations", JsonValue.Create limits.MaxIterations
              "stop_on_duplicate_support", JsonValue.Create limits.StopOnDuplicateSupport ]
        | _ -> []

    let private trainedAs (folder: SaeFolder) =
        match folder.Config.Architecture with
        | "lista_topk" -> "topk"
        | "lista_jumprelu" ->
            fail folder "has no training form: the k of its batches is not in an inference form"
        | name -> name

    /// The reference's names of what the file says, in the training form or over its defaults.
    let private settings (folder: SaeFolder) : JsonObject =
        let config = folder.Config

        let result =
            match config.Form with
            | SaeForm.Training -> SaeConfig.fieldsOf config
            | SaeForm.Inference -> JsonObject()

        let set (name: string) (value: JsonNode) = result[name] <- value

        for name in [ "dtype"; "device"; "reshape_activations"; "metadata" ] do
            result.Remove name |> ignore

        set "architecture" (JsonValue.Create(trainedAs folder))
        set "d_in" (JsonValue.Create config.DIn)
        set "d_sae" (JsonValue.Create config.DSae)
        set "apply_b_dec_to_input" (JsonValue.Create config.ApplyBDecToInput)

        match folder.Sae.Refinement with
        | Some refinement -> set "lista_eta" (JsonValue.Create refinement.Eta)
        | None -> ()

        for name, value in architectureFields folder.Sae do
            set name value

        set
            "normalize_activations"
            (JsonValue.Create(
                if config.ExpectedAverage then
                    "expected_average_only_in"
                else
                    match config.Scaling with
                    | InputScaling.None -> "none"
                    | InputScaling.ConstantNorm -> "constant_norm_rescale"
                    | InputScaling.LayerNorm -> "layer_norm"
            ))

        result

    let private spec (folder: SaeFolder) =
        match SaeSpec.ofReferenceJson ((settings folder).ToJsonString()) with
        | Ok(spec, strangers) ->
            spec,
            [ if folder.Config.Form = SaeForm.Inference then
                  "settings of training, which an inference form does not have, are the defaults"
              if not strangers.IsEmpty then
                  let names = String.concat ", " strangers
                  $"fields without a meaning here are left out: {names}" ]
        | Error errors ->
            let problem = errors |> List.map string |> String.concat "; "
            raise (BadInput(SaeFolder.ConfigFile, problem))

    // ---- weights -------------------------------------------------------------------------------

    let private range (values: float32[]) =
        let text (value: float32) =
            (float value).ToString("g4", System.Globalization.CultureInfo.InvariantCulture)

        let least, most = Array.min values, Array.max values
        if least = most then text least else $"{text least} … {text most}"

    let private foldChange (before: Sae) (after: Sae) =
        [ if not (obj.ReferenceEquals(before.Decoder, after.Decoder)) then
              let norms = range (Fold.decoderNorms before.Decoder)
              $"norms of decoder rows ({norms}) are folded into the encoder" ]

    let private folded (folder: SaeFolder) (sae: Sae) =
        if not (Fold.scalable sae) then
            fail folder "selects by the size of latents: decoder norms cannot be folded"

        let result = Fold.decoderNorm sae
        result, foldChange sae result

    let private asJumpRelu (folder: SaeFolder) (sae: Sae) =
        match Fold.jumpRelu sae with
        | Some result -> result
        | None -> fail folder "cannot be written as jumprelu, as standard and gated can"

    /// The inference form, and what the way there changed.
    let private inference (folder: SaeFolder) =
        let frozen = { folder with InputScale = 1.0 }.Inference
        let sae = folder.Inference

        sae,
        [ match folder.Sae.Activation with
          | Activation.BatchTopK _ ->
              let threshold = range [| float32 folder.Thresholds.Final |]
              $"latents of a batch compete no more: those above {threshold} fire"
          | _ -> ()
          yield! foldChange folder.Sae frozen
          if folder.InputScale <> 1.0 then
              let factor = range [| float32 folder.InputScale |]
              $"the factor {factor} of the inputs is folded into the weights"
          if folder.Config.Form = SaeForm.Training then
              "settings of training are left out" ]

    let private check (target: SaeTarget) =
        match target.Architecture, target.Form with
        | None, _
        | Some "jumprelu", SaeForm.Inference -> ()
        | Some "jumprelu", SaeForm.Training ->
            raise (BadInput("--architecture", "is for the inference form"))
        | Some other, _ -> raise (BadInput("--architecture", $"must be jumprelu (got {other})"))

    /// How a folder becomes what is wanted. Raises `BadInput` where that would be another SAE.
    let plan (target: SaeTarget) (folder: SaeFolder) : SaeConversion =
        check target

        let sae, changes, spec =
            match target.Form with
            | SaeForm.Inference ->
                let sae, changes = inference folder
                sae, changes, None
            | SaeForm.Training ->
                let spec, changes = spec folder
                folder.Sae, changes, Some spec

        let sae, changes =
            if
                target.Architecture.IsNone || (sae.Activation.IsJumpRelu && sae.Refinement.IsNone)
            then
                sae, changes
            else
                asJumpRelu folder sae, changes @ [ "each latent gets a threshold that is its gate" ]

        let sae, folding = if target.Fold then folded folder sae else sae, []

        let architecture =
            match target.Form with
            | SaeForm.Inference -> SaeFolder.architecture sae
            | SaeForm.Training -> trainedAs folder

        { Sae = sae
          Architecture = architecture
          Form = target.Form
          Spec = spec
          Changes = folder.Notes @ changes @ folding }

    // ---- files ---------------------------------------------------------------------------------

    /// Names of the files that a folder of an SAE may hold.
    let private files =
        [ SaeFolder.ConfigFile
          SaeFolder.WeightsFile
          SaeFolder.SparsityFile
          SaeFolder.ScalerFile ]

    let private metadata (folder: SaeFolder) (conversion: SaeConversion) =
        let result = SaeConfig.metadataOf folder.Config

        if
            folder.Config.Form = SaeForm.Training
            && conversion.Form = SaeForm.Inference
            && not (result.ContainsKey "training_architecture")
        then
            result["training_architecture"] <- JsonValue.Create folder.Config.Architecture

        result

    let private fill (folder: SaeFolder) conversion sparsity (path: string) =
        let metadata = metadata folder conversion

        match conversion.Spec with
        | None -> SaeFolder.writeWith folder.Config.Reshape path metadata conversion.Sae
        | Some spec ->
            SaeFolder.writeTraining path metadata spec folder.Thresholds conversion.Sae

            if folder.Config.ExpectedAverage then
                SaeFolder.writeInputScale path folder.InputScale

        sparsity |> Option.iter (SaeFolder.writeLogarithms path)

    /// Convert the folder at `source` into one at `destination`, which appears whole. An SAE folder that is there
    /// is replaced with `replace`, also `source` itself. The frequencies of the latents come along.
    let convert (target: SaeTarget) (source: string) (destination: string) (replace: bool) =
        let folder = SaeFolder.read source
        let conversion = plan target folder
        let sparsity = SaeFolder.readSparsity source

        if sparsity |> Option.exists (fun values -> values.Length <> folder.Sae.Latents) then
            let problem = $"tensor 'sparsity' is not of {folder.Sae.Latents} latents"
            raise (BadInput(Path.Combine(source, SaeFolder.SparsityFile), problem))

        AtomicFolder.write destination replace files (fill folder conversion sparsity)
        folder, conversion
