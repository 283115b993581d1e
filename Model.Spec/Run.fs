namespace SynthSae.Spec

/// Where the synthetic model of a run comes from.
[<RequireQualifiedAccess>]
type ModelSource =
    /// A model written out.
    | Spec of SyntheticModelSpec
    /// A preset by name, or a folder in the reference's format.
    | Named of string

/// What a run trains on.
[<RequireQualifiedAccess>]
type DataSource =
    /// A synthetic model, whose true features are known.
    | Synthetic of ModelSource
    /// Activations in files, of whose features nothing is known.
    | Activations of ActivationsSpec

/// A complete run: the data, the SAEs, how they are trained and scored.
type RunSpec =
    {
        Data: DataSource
        /// At least one. Several are trained on the same batches, each as if it were alone.
        Saes: SaeSpec list
        Training: TrainingSpec
        Evaluation: EvaluationSpec
    }

    /// The SAE of a run that has one. Raises `ArgumentException` when it has several.
    member run.Sae = List.exactlyOne run.Saes
