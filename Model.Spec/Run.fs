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

/// A complete run: the data, the SAE, how it is trained and scored.
type RunSpec =
    { Data: DataSource
      Sae: SaeSpec
      Training: TrainingSpec
      Evaluation: EvaluationSpec }
