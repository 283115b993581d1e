namespace SynthSae.Compute.Training

/// What one training step saw.
type StepReport =
    {
        /// 0-based number of the step.
        Step: int64
        /// Samples trained on, this batch included.
        Samples: int64
        /// The terms of the loss by the reference's names.
        Losses: (string * float) list
        /// Mean number of active latents per sample.
        L0: float
        /// Latents per sample that the step was told to keep; NaN where a coefficient decides.
        K: float
        /// λ of the sparsity loss in this step; 0 where there is none.
        Coefficient: float
        /// The coefficient cannot be moved further towards the L0 that is wanted.
        IsSaturated: bool
        /// Dead latents when the step began.
        Dead: int
        LearningRate: float
        /// Global norm of the gradients before clipping.
        GradientNorm: float
        /// BatchTopK's running threshold after the step, 0 for other architectures.
        Threshold: float
    }

    /// The sum of the terms.
    member report.Loss = report.Losses |> List.sumBy snd

    /// A term; 0 where there is none of that name.
    member report.Term(name: string) =
        report.Losses |> List.sumBy (fun (n, value) -> if n = name then value else 0.0)

    /// Squared error, summed over D, mean over the batch.
    member report.Mse = report.Term LossNames.Mse

    /// All other terms.
    member report.Auxiliary = report.Loss - report.Mse
