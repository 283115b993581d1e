namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Spec

/// What one training step is told beside its batch: all that schedules, controllers and counters decide.
type StepSettings =
    {
        LearningRate: float
        /// Latents per sample in this step (k, or iterations); NaN where a coefficient decides.
        K: float
        /// λ of the sparsity loss in this step; 0 where there is none.
        Coefficient: float
        /// The L0 that a quadratic sparsity loss aims at; NaN where there is none.
        TargetL0: float
        /// Of the encoder's product; the same in all steps of a run.
        Precision: Precision
        /// (L): which latents are dead.
        Dead: bool[]
        /// Firing frequencies, which the step itself updates where levels are ordered by them.
        Frequencies: FiringFrequencies
    }

module StepSettings =
    /// The settings of a first step without schedules, in float32, with these dead latents.
    let start (spec: SaeSpec) lr (dead: bool[]) : StepSettings =
        { LearningRate = lr
          K = spec |> SaeSpec.architecture |> _.K |> Option.defaultValue nan
          Coefficient =
            spec.Architecture.Coefficient |> Option.map _.Value |> Option.defaultValue 0.0
          TargetL0 = spec |> SaeSpec.l0 |> Option.defaultValue nan
          Precision = Precision.Fp32
          Dead = dead
          Frequencies = FiringFrequencies spec.DSae }

/// The terms of a loss by the names under which the reference logs them.
module LossNames =
    /// Squared error of the whole reconstruction, summed over D, mean over the batch.
    [<Literal>]
    let Mse = "mse_loss"

    /// What dead latents leave of the residual.
    [<Literal>]
    let Auxiliary = "auxiliary_reconstruction_loss"

    /// Squared error of the inner Matryoshka level of this width, weighted.
    let innerMse (width: int) = $"inner_mse_loss_{width}"

    /// Size of latents.
    [<Literal>]
    let L1 = "l1_loss"

    /// Size of the latents of the inner Matryoshka level of this width.
    let innerL1 (width: int) = $"inner_l1_loss_{width}"

    /// Number of latents.
    [<Literal>]
    let L0 = "l0_loss"

    /// Thresholds of dead latents above their pre-activations.
    [<Literal>]
    let PreAct = "pre_act_loss"
