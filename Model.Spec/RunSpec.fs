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

    let private dimensionRules run =
        match run.Sae.DIn, model run with
        | Some dIn, Some model ->
            Rules.check "d_in" $"must be hidden_dim {model.HiddenDim}" dIn (dIn = model.HiddenDim)
        | _ -> []

    // k·B latents of a whole batch fire, rounded down.
    let private batchRules run =
        match SaeSpec.architecture run.Sae with
        | SaeArchitecture.BatchTopK(k, _, _)
        | SaeArchitecture.Matryoshka(k, _, _, _) when k > 0.0 && run.Training.BatchSize > 0 ->
            let batch = run.Training.BatchSize

            Rules.check
                "k"
                $"times batch_size {batch} must be at least 1"
                k
                (k * float batch >= 1.0)
        | _ -> []

    /// The run marked as valid, or every broken rule in the order of the fields. A model in a folder
    /// is checked when it is read.
    let validate (run: RunSpec) : Result<Valid<RunSpec>, SpecError list> =
        dataRules run
        @ Rules.at "sae" (dimensionRules run @ SaeSpec.rules run.Sae @ batchRules run)
        @ TrainingSpec.rules run.Training
        @ EvaluationSpec.rules run.Evaluation
        |> Rules.validated run

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

    /// Exactly one of the two fields.
    let private data: Fields<DataSource, DataSource> =
        let synthetic = Fields.required modelField source
        let activations = Fields.required activationsField ActivationsSpec.codec

        let read members =
            match Map.containsKey modelField members, Map.containsKey activationsField members with
            | true, false -> synthetic.Read members |> Result.map DataSource.Synthetic
            | false, true -> activations.Read members |> Result.map DataSource.Activations
            | true, true ->
                let rule = $"cannot be given beside {modelField}"
                Error(Rules.check activationsField rule "" false)
            | false, false ->
                let rule = $"is required, or {activationsField}"
                Error(Rules.check modelField rule "" false)

        let write data =
            match data with
            | DataSource.Synthetic source -> synthetic.Write source
            | DataSource.Activations spec -> activations.Write spec

        { Known = fun _ -> [ modelField; activationsField ]
          Read = read
          Write = write }

    // Fields of the reference's runner that would ask for something that is not there.
    let private notHere: Fields<RunSpec, unit> =
        let off name = Fields.only name (Json.Bool false)

        Fields.fields<RunSpec> {
            let! () =
                Fields.only "device" (Json.String "cpu") "the device is chosen when a run starts"

            and! () = off "autocast_sae" "everything is computed in float32"
            and! () = off "autocast_data" "everything is computed in float32"

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

    let private codec: Codec<RunSpec> =
        Fields.fields<RunSpec> {
            let! data = data |> Fields.from _.Data
            and! sae = Fields.required "sae" SaeSpec.codec |> Fields.from _.Sae
            and! training = TrainingSpec.fields |> Fields.from _.Training
            and! evaluation = EvaluationSpec.fields |> Fields.from _.Evaluation
            and! () = notHere
            and! () = withoutEffect

            return
                { Data = data
                  Sae = sae
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

    let private segments (path: string) = path.Split '.' |> List.ofArray

    // A preset's model must be written out before a part of it can be set.
    let private expanded settings run =
        let partOfModel (path: string, _) = path.StartsWith(modelField + ".")

        match run.Data, model run with
        | DataSource.Synthetic(ModelSource.Named name), None when List.exists partOfModel settings ->
            let rule = "is not a preset, so its fields cannot be set"
            Error(Rules.check modelField rule name false)
        | DataSource.Synthetic(ModelSource.Named _), Some model when
            List.exists partOfModel settings
            ->
            Ok
                { run with
                    Data = DataSource.Synthetic(ModelSource.Spec model) }
        | _ -> Ok run

    let private valueOf (text: string) =
        match Json.parse text with
        | Ok json -> json
        | Error _ -> Json.String text

    /// Choosing another case of a union leaves fields of the old one behind: those may go.
    let private leftBehind settings (error: SpecError) =
        let isSet path =
            settings |> List.exists (fst >> (=) path)

        let parent = error.Path.Substring(0, max 0 (error.Path.LastIndexOf '.' + 1))

        Fields.isUnknown error
        && not (isSet error.Path)
        && tags |> List.exists (fun tag -> isSet (parent + tag))

    // Of model and activations the one that is set replaces the other.
    let private withoutRival (path: string) json =
        match List.head (segments path) with
        | field when field = modelField -> Json.remove [ activationsField ] json
        | field when field = activationsField -> Json.remove [ modelField ] json
        | _ -> json

    let private reread settings json =
        match codec.Read json with
        | Error errors when List.exists (leftBehind settings) errors ->
            errors
            |> List.filter (leftBehind settings)
            |> List.fold (fun json error -> Json.remove (segments error.Path) json) json
            |> codec.Read
        | result -> result

    /// Set fields by their path in the JSON, as in `sae.k`, `30`. A value is read as JSON where it is
    /// JSON, otherwise as a string. An unknown path is an error that names the nearest field.
    let set (settings: (string * string) list) (run: RunSpec) : Result<RunSpec, SpecError list> =
        let apply json (path, value) =
            Json.set (segments path) (valueOf value) json |> withoutRival path

        // A whole new model, or activations, replaces the old before its parts are set.
        let isWhole (path, _) =
            path = modelField || path = activationsField

        let whole, parts = settings |> List.partition isWhole

        let replaced =
            if List.isEmpty whole then
                Ok run
            else
                whole |> List.fold apply (codec.Write run) |> codec.Read

        replaced
        |> Result.bind (expanded parts)
        |> Result.bind (fun run -> parts |> List.fold apply (codec.Write run) |> reread parts)
