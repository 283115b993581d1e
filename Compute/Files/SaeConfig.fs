namespace SynthSae.Compute.Files

open System.Text.Json
open SynthSae.Compute

/// What the reference's `cfg.json` says about an SAE, as far as it matters for running it.
type SaeConfig =
    {
        /// `architecture`: standard, topk, jumprelu, batchtopk or matryoshka_batchtopk.
        Architecture: string
        /// D.
        DIn: int
        /// L.
        DSae: int
        /// Subtract b_dec from the input before encoding.
        ApplyBDecToInput: bool
        /// k of topk (an integer) and of batchtopk; 0 for the others.
        K: float
        /// Compare pre-activations scaled by ‖W_dec,j‖.
        RescaleActsByDecoderNorm: bool
        /// The whole text.
        Text: string
    }

/// Reading `cfg.json`. As in the reference unknown keys are ignored; what is needed must be there.
module SaeConfig =
    /// The architectures that can be read.
    let supported = [ "standard"; "topk"; "jumprelu"; "batchtopk"; "matryoshka_batchtopk" ]

    /// A field of a JSON object by its name; a value of another kind is an error.
    let private field
        (file: string)
        (root: JsonElement)
        (read: JsonElement -> 'T option)
        (kind: string)
        name
        =
        match root.TryGetProperty(name: string) with
        | false, _ -> None
        | true, value ->
            match read value with
            | Some value -> Some value
            | None -> raise (BadInput(file, $"{name}: must be {kind} (got {value.GetRawText()})"))

    let private text (value: JsonElement) =
        if value.ValueKind = JsonValueKind.String then Some(value.GetString()) else None

    let private flag (value: JsonElement) =
        match value.ValueKind with
        | JsonValueKind.True -> Some true
        | JsonValueKind.False -> Some false
        | _ -> None

    let private number (value: JsonElement) =
        if value.ValueKind = JsonValueKind.Number then Some(value.GetDouble()) else None

    let private size (value: JsonElement) =
        match number value with
        | Some number when number >= 1.0 && number <= 1e9 && number = floor number ->
            Some(int number)
        | _ -> None

    let private positive (value: JsonElement) =
        number value |> Option.filter (fun number -> number > 0.0)

    let private ofObject (file: string) (root: JsonElement) (content: string) =
        let fail problem = raise (BadInput(file, problem))
        let field read kind name = field file root read kind name

        let required read kind name =
            match field read kind name with
            | Some value -> value
            | None -> fail $"{name}: is missing"

        let architecture = required text "text" "architecture"

        if not (List.contains architecture supported) then
            let known = String.concat ", " supported
            fail $"architecture: '{architecture}' is not supported; supported are {known}"

        for name in [ "normalize_activations"; "reshape_activations" ] do
            match field text "text" name with
            | None
            | Some "none" -> ()
            | Some other -> fail $"{name}: '{other}' is not supported; supported is none"

        let dSae = required size "an integer from 1" "d_sae"

        let k =
            match architecture with
            | "topk" -> float (required size "an integer from 1" "k")
            | "batchtopk"
            | "matryoshka_batchtopk" -> required positive "a number above 0" "k"
            | _ -> 0.0

        if k > float dSae then
            fail $"k: must be at most d_sae {dSae} (got {k})"

        // The training configuration's default is true, the inference configuration's false.
        let training = (field number "a number" "aux_loss_coefficient").IsSome

        { Architecture = architecture
          DIn = required size "an integer from 1" "d_in"
          DSae = dSae
          ApplyBDecToInput = defaultArg (field flag "true or false" "apply_b_dec_to_input") true
          K = k
          RescaleActsByDecoderNorm =
            defaultArg (field flag "true or false" "rescale_acts_by_decoder_norm") training
          Text = content }

    /// Read and check a `cfg.json`.
    let read (file: string) : SaeConfig =
        let content = FileErrors.readText file

        use document =
            try
                JsonDocument.Parse content
            with :? JsonException as error ->
                raise (BadInput(file, $"is not JSON: {error.Message}"))

        if document.RootElement.ValueKind <> JsonValueKind.Object then
            raise (BadInput(file, "is not a JSON object"))

        try
            ofObject file document.RootElement content
        with :? System.InvalidOperationException ->
            // An escaped half of a surrogate pair.
            raise (BadInput(file, "holds text that is not Unicode"))
