namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// Checking, reading, writing and changing runs.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module RunSpec =
    /// The synthetic model where the specification alone tells it: written out, or a preset's.
    let rec model (run: RunSpec) : SyntheticModelSpec option =
        match run.Data with
        | DataSource.Synthetic(ModelSource.Spec model) -> Some model
        | DataSource.Synthetic(ModelSource.Named name) ->
            Presets.tryFind name |> Option.bind (fun preset -> model preset.Run)
        | DataSource.Activations _ -> None

    // ---- rules ---------------------------------------------------------------------------------

    let private modelField = "synthetic_model"
    let private activationsField = "activations"
    let private saeField = "sae"
    let private saesField = "saes"

    let private modelRules source =
        match source with
        | ModelSource.Spec model -> SyntheticModelSpec.rules model
        | ModelSource.Named name ->
            Rules.check "" "must name a preset or a folder" "\"\"" (name <> "")

    // Without rows of their own there is nothing to score on.
    let private heldOutRules (evaluation: EvaluationSpec) (spec: ActivationsSpec) =
        let scores = evaluation.Final || evaluation.Frequency > 0<step>
        let none = spec.HeldOut = HeldOut.Rows 0L<sample>

        Rules.check
            "held_out"
            "must be above 0 unless eval_frequency is 0 and run_final_eval false"
            0
            (not (scores && none))

    let private dataRules run =
        match run.Data with
        | DataSource.Synthetic source -> Rules.at modelField (modelRules source)
        | DataSource.Activations spec ->
            ActivationsSpec.rules spec @ heldOutRules run.Evaluation spec
            |> Rules.at activationsField

    let private dimensionRules run (sae: SaeSpec) =
        match sae.DIn, model run with
        | Some dIn, Some model ->
            Rules.check "d_in" $"must be hidden_dim {model.HiddenDim}" dIn (dIn = model.HiddenDim)
        | _ -> []

    // k·B latents of a whole batch fire, rounded down.
    let private batchRules run sae =
        match SaeSpec.architecture sae with
        | SaeArchitecture.BatchTopK(k, _, _)
        | SaeArchitecture.Matryoshka(k, _, _, _) when k > 0.0 && run.Training.BatchSize > 0 ->
            let batch = run.Training.BatchSize

            Rules.check
                "k"
                $"times batch_size {batch} must be at least 1"
                k
                (k * float batch >= 1.0)
        | _ -> []

    let private initialisationRules run (sae: SaeSpec) =
        match sae.Initialization, run.Data with
        | SaeInitialisation.Features _, DataSource.Activations _ ->
            let rule = $"from features needs {modelField}, as activations have none"
            Rules.check "initialization" rule "" false
        | _ -> []

    /// Where an SAE stands in the JSON: its field, and its path.
    let private saePath run i =
        match run.Saes with
        | [ _ ] -> saeField
        | _ -> $"{saesField}[{i}]"

    // An SAE that leaves its D open has that of the data, which the others must agree with.
    let private commonDimension run =
        match run.Saes |> List.choose _.DIn |> List.distinct with
        | _ when (model run).IsSome -> []
        | []
        | [ _ ] -> []
        | several ->
            let found = several |> List.map string |> String.concat ", "
            Rules.check saesField "must have the same d_in" found false

    let private saeRules run =
        let rules i sae =
            Rules.at
                (saePath run i)
                (dimensionRules run sae
                 @ SaeSpec.rules sae
                 @ batchRules run sae
                 @ initialisationRules run sae)

        Rules.check saesField "must hold at least one SAE" "[]" (not (List.isEmpty run.Saes))
        @ commonDimension run
        @ List.concat (List.mapi rules run.Saes)

    // Matching pursuit has no encoder whose product could be rounded.
    let private precisionRules run =
        let pursues (sae: SaeSpec) =
            match sae.Architecture with
            | SaeArchitecture.MatchingPursuit _ -> true
            | _ -> false

        Rules.check
            "precision"
            "must be \"fp32\" with matching_pursuit, which has no encoder"
            (Codec.toText Precision.codec run.Training.Precision)
            (run.Training.Precision = Precision.Fp32 || not (List.exists pursues run.Saes))

    /// The run marked as valid, or every broken rule in the order of the fields. A model in a folder
    /// is checked when it is read.
    let validate (run: RunSpec) : Result<Valid<RunSpec>, SpecError list> =
        dataRules run
        @ saeRules run
        @ TrainingSpec.rules run.Training
        @ precisionRules run
        @ EvaluationSpec.rules run.Evaluation
        |> Rules.validated run

    /// The run with its SAE `i` alone, 0-based. That SAE is the same in both, to the bit.
    let single (i: int) (run: Valid<RunSpec>) : Valid<RunSpec> =
        Valid { run.Value with Saes = [ run.Value.Saes[i] ] }

    // ---- JSON ----------------------------------------------------------------------------------

    let private source: Codec<ModelSource> =
        let named =
            Codec.string
            |> Codec.map ModelSource.Named (function
                | ModelSource.Named name -> name
                | ModelSource.Spec _ -> "")

        let writtenOut =
            SyntheticModelSpec.codec
            |> Codec.map ModelSource.Spec (function
                | ModelSource.Spec model -> model
                | ModelSource.Named name -> invalidOp $"the model {name} is not written out")

        Codec.forms
            (function
            | Json.String _ -> named
            | _ -> writtenOut)
            (function
             | ModelSource.Named _ -> named
             | ModelSource.Spec _ -> writtenOut)

    /// Exactly one of two fields, the first of which is what errors speak of where there is none.
    let private either
        (first: string, a: Fields<'T, 'T>)
        (second: string, b: Fields<'T, 'T>)
        (isFirst: 'T -> bool)
        : Fields<'T, 'T> =
        let read members =
            match Map.containsKey first members, Map.containsKey second members with
            | true, false -> a.Read members
            | false, true -> b.Read members
            | true, true -> Error(Rules.check second $"cannot be given beside {first}" "" false)
            | false, false -> Error(Rules.check first $"is required, or {second}" "" false)

        { Known = fun _ -> [ first; second ]
          Read = read
          Write = fun value -> (if isFirst value then a else b).Write value }

    let private data: Fields<DataSource, DataSource> =
        let isSynthetic data =
            match data with
            | DataSource.Synthetic _ -> true
            | DataSource.Activations _ -> false

        let synthetic =
            Fields.required modelField source
            |> Fields.convert (DataSource.Synthetic >> Ok) (function
                | DataSource.Synthetic source -> source
                | DataSource.Activations _ -> invalidOp "activations are no model")

        let activations =
            Fields.required activationsField ActivationsSpec.codec
            |> Fields.convert (DataSource.Activations >> Ok) (function
                | DataSource.Activations spec -> spec
                | DataSource.Synthetic _ -> invalidOp "a model is no activations")

        either (modelField, synthetic) (activationsField, activations) isSynthetic

    let private saes: Fields<SaeSpec list, SaeSpec list> =
        let one =
            Fields.required saeField SaeSpec.codec
            |> Fields.convert (List.singleton >> Ok) List.exactlyOne

        let several = Fields.required saesField (Codec.list SaeSpec.codec)
        either (saeField, one) (saesField, several) (fun saes -> saes.Length = 1)

    // Fields of the reference's runner that would ask for something that is not there.
    let private notHere: Fields<RunSpec, unit> =
        let off name = Fields.only name (Json.Bool false)

        Fields.fields<RunSpec> {
            let! () =
                Fields.only "device" (Json.String "cpu") "the device is chosen when a run starts"

            and! () = off "autocast_sae" "its place is taken by \"precision\": \"bf16\""
            and! () = off "autocast_data" "data are computed in float32"

            and! () =
                Fields.only "n_checkpoints" (Json.Number "0") "no checkpoints by number of samples"

            and! () = off "save_final_checkpoint" "the trained SAE is always saved"
            and! () = off "save_synthetic_model" "the model is a function of its specification"
            and! () = Fields.only "override_synthetic_model" Json.Null "name the model itself"
            and! () = Fields.only "override_sae" Json.Null "name the SAE itself"
            return ()
        }

    // Fields of the reference's runner that say where things go, or how they are logged.
    let private withoutEffect: Fields<RunSpec, unit> =
        Fields.ignored
            [ "checkpoint_path"
              "output_path"
              "feature_sampling_window"
              "sae_lens_version"
              "logger" ]

    let internal codec: Codec<RunSpec> =
        Fields.fields<RunSpec> {
            let! data = data |> Fields.from _.Data
            and! saes = saes |> Fields.from _.Saes
            and! training = TrainingSpec.fields |> Fields.from _.Training
            and! evaluation = EvaluationSpec.fields |> Fields.from _.Evaluation
            and! () = notHere
            and! () = withoutEffect

            return
                { Data = data
                  Saes = saes
                  Training = training
                  Evaluation = evaluation }
        }
        |> Fields.toObject

    /// Read a run (docs/specs.md); every problem in the text comes back at once. What it says is not
    /// validated yet.
    let ofJson (text: string) : Result<RunSpec, SpecError list> = Codec.ofText codec text

    /// The run as JSON in the reference's field names; `ofJson` reads it back bit for bit.
    let toJson (run: RunSpec) : string = Codec.toText codec run

    // ---- changing ------------------------------------------------------------------------------

    // The fields that say which case of a union stands there.
    let private tags = [ "architecture"; "generator_name" ]

    /// `saes[1].k` and `saes.1.k` are both saes, 1, k.
    let private segments (path: string) =
        path.Replace("[", ".").Replace("]", "").Split '.' |> List.ofArray

    // A preset's model must be written out before a part of it can be set.
    let private expanded (parts: (string list * string) list) run =
        let ofModel = parts |> List.exists (fst >> List.head >> (=) modelField)

        match run.Data, model run with
        | DataSource.Synthetic(ModelSource.Named name), None when ofModel ->
            let rule = "is not a preset, so its fields cannot be set"
            Error(Rules.check modelField rule name false)
        | DataSource.Synthetic(ModelSource.Named _), Some model when ofModel ->
            Ok
                { run with
                    Data = DataSource.Synthetic(ModelSource.Spec model) }
        | _ -> Ok run

    let private valueOf (text: string) =
        match Json.parse text with
        | Ok json -> json
        | Error _ -> Json.String text

    /// Choosing another case of a union leaves fields of the old one behind: those may go.
    let private leftBehind (parts: (string list * string) list) (error: SpecError) =
        let isSet path = parts |> List.exists (fst >> (=) path)
        let path = segments error.Path
        let parent = List.take (path.Length - 1) path

        Fields.isUnknown error
        && not (isSet path)
        && tags |> List.exists (fun tag -> isSet (parent @ [ tag ]))

    let private reread parts json =
        match codec.Read json with
        | Error errors when List.exists (leftBehind parts) errors ->
            errors
            |> List.filter (leftBehind parts)
            |> List.fold (fun json error -> Json.remove (segments error.Path) json) json
            |> codec.Read
        | result -> result

    // Of two fields that exclude each other the one that is set replaces the other.
    let private rivals =
        [ modelField, activationsField
          activationsField, modelField
          saeField, saesField
          saesField, saeField ]

    let private isWhole (path: string list, _) =
        rivals |> List.exists (fun (field, _) -> path = [ field ])

    let private put json (path: string list, value) =
        rivals
        |> List.filter (fst >> (=) path.Head)
        |> List.fold
            (fun json (_, rival) -> Json.remove [ rival ] json)
            (Json.set path (valueOf value) json)

    /// The run's JSON with the SAEs as a list, even if there is but one.
    let private withList run =
        let saes = run.Saes |> List.map SaeSpec.codec.Write |> Array.ofList

        codec.Write run |> Json.remove [ saeField ] |> Json.set [ saesField ] (Json.Array saes)

    /// In that JSON: a part of `sae` is one of every SAE.
    let private inList run (path: string list, value) =
        match path with
        | field :: rest when field = saeField ->
            [ for i in 0 .. run.Saes.Length - 1 -> saesField :: string i :: rest, value ]
        | _ -> [ path, value ]

    /// Errors in that JSON, where the SAE of a run that has one is `sae`.
    let private asWritten run (error: SpecError) =
        let first = $"{saesField}[0]"

        if run.Saes.Length = 1 && error.Path.StartsWith first then
            { error with
                Path = saeField + error.Path.Substring first.Length }
        else
            error

    let private setParts (parts: (string list * string) list) run =
        let json = withList run
        let parts = parts |> List.collect (inList run)

        let missing = parts |> List.map fst |> List.filter (fun path -> Json.isBeyond path json)

        if List.isEmpty missing then
            parts
            |> List.fold put json
            |> reread parts
            |> Result.mapError (List.map (asWritten run))
        else
            missing
            |> List.collect (fun path ->
                Rules.check (String.concat "." path) "names no entry of the list" "" false)
            |> Error

    /// Set fields by their path in the JSON, as in `sae.k`, `30`: that of every SAE, where there are several, and
    /// `saes[1].k` that of one. A value is read as JSON where it is JSON, otherwise as a string. An unknown path is
    /// an error that names the nearest field.
    let set (settings: (string * string) list) (run: RunSpec) : Result<RunSpec, SpecError list> =
        // A whole new model, or SAE, replaces the old before its parts are set.
        let whole, parts =
            settings
            |> List.map (fun (path, value) -> segments path, value)
            |> List.partition isWhole

        let replaced =
            if List.isEmpty whole then
                Ok run
            else
                whole |> List.fold put (codec.Write run) |> codec.Read

        replaced |> Result.bind (expanded parts) |> Result.bind (setParts parts)

    // ---- sweeps --------------------------------------------------------------------------------

    // `15,20,25` and `[8,16],[16]` are lists of JSON values, `topk,batchtopk` one of strings.
    let private valuesOf (text: string) =
        match Json.parse $"[{text}]" with
        | Ok(Json.Array items) when items.Length > 0 ->
            items |> Array.map Json.toText |> List.ofArray
        | _ -> text.Split ',' |> List.ofArray

    let private combined (axes: (string * string list) list) : (string * string) list list =
        let add combinations (path, values) =
            [ for combination in combinations do
                  for value in values -> combination @ [ path, value ] ]

        List.fold add [ [] ] axes

    /// Every SAE of the run with every combination of values, the last axis varying fastest. An axis is the path of
    /// a field of `sae` and its values, separated by commas: `sae.k`, `15,20,25`.
    let sweep (axes: (string * string) list) (run: RunSpec) : Result<RunSpec, SpecError list> =
        let strangers =
            axes
            |> List.filter (fun (path, _) -> not (path.StartsWith(saeField + ".")))
            |> List.collect (fun (path, _) ->
                Rules.check
                    path
                    $"cannot vary: only fields of the SAE can, as in {saeField}.k"
                    ""
                    false)

        let combinations = axes |> List.map (fun (path, text) -> path, valuesOf text) |> combined

        let variants =
            [ for sae in run.Saes do
                  for combination in combinations -> set combination { run with Saes = [ sae ] } ]

        match strangers, variants |> List.collect Errors.ofResult |> List.distinct with
        | [], [] ->
            Ok
                { run with
                    Saes = variants |> List.choose Result.toOption |> List.map _.Sae }
        | [], errors
        | errors, _ -> Error errors
