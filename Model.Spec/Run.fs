namespace SynthSae.Spec

/// Where the synthetic model of a run comes from.
[<RequireQualifiedAccess>]
type ModelSource =
    /// A model written out.
    | Spec of SyntheticModelSpec
    /// A preset by name, or a folder in the reference's format.
    | Named of string

/// A complete run: the model, the SAE, how it is trained and scored.
type RunSpec =
    { Model: ModelSource
      Sae: SaeSpec
      Training: TrainingSpec
      Evaluation: EvaluationSpec }
