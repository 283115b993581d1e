namespace SynthSae.Spec

/// The learning rate between warm-up and decay (reference: `lr_scheduler_name`).
[<RequireQualifiedAccess>]
type LrScheduler =
    | Constant
    /// Half a cosine from `lr` to `lr_end`.
    | Cosine
    /// Cosine restarted `cycles` times (`cosineannealingwarmrestarts`).
    | CosineRestarts of cycles: int

/// How an SAE is trained (reference: `SyntheticSAERunnerConfig`).
type TrainingSpec =
    {
        /// Samples to train on; the last batch may overshoot.
        Samples: int64<sample>
        /// B.
        BatchSize: int
        Lr: float
        LrScheduler: LrScheduler
        /// Linear from lr/steps to lr.
        LrWarmUpSteps: int<step>
        /// Linear to 0 at the end.
        LrDecaySteps: int<step>
        /// `None`: lr / 10.
        LrEnd: float option
        AdamBeta1: float
        AdamBeta2: float
        /// A latent is dead when it has not fired for more than this many steps.
        DeadFeatureWindow: int<step>
        /// Seed of the SAE's initial weights and of the data streams.
        Seed: int64
    }

/// How an SAE is scored.
type EvaluationSpec =
    {
        /// Samples of the final evaluation.
        Samples: int64<sample>
        /// Steps between evaluations while training; 0 for none.
        Frequency: int<step>
        /// Samples of an evaluation while training.
        IntermediateSamples: int64<sample>
        /// Evaluate at the end.
        Final: bool
    }

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
