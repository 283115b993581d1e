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
    {
        /// What is sampled.
        Model: ModelSource
        /// What is trained on the samples.
        Sae: SaeSpec
        /// For how long and how fast.
        Training: TrainingSpec
        /// When and on how much it is scored.
        Evaluation: EvaluationSpec
    }
