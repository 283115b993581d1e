namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Ops
open SynthSae.Spec

/// What a training run carries from step to step.
type DenseState =
    {
        Parameters: DenseParameters
        /// Adam's running mean of the clipped gradients.
        M: DenseParameters
        /// Adam's running mean of their squares.
        V: DenseParameters
        /// Steps done.
        Step: int
        /// BatchTopK's running threshold, `topk_threshold`; 0 at the start and for other
        /// architectures.
        Topk_threshold: float
    }

/// One step, with what it saw on the way.
type DenseStepResult =
    {
        Forward: DenseForward
        /// The terms of the loss, by the reference's names.
        Losses: Map<string, float>
        /// Of their sum, before clipping.
        Gradient: DenseParameters
        /// Euclidean norm of `Gradient`.
        GradientNorm: float
        /// After the step.
        State: DenseState
    }

/// What follows the gradients in a training step (REFERENCE §8.3, 9.4), in double precision.
module DenseStep =
    /// Adam's ε, added to the root of the second moment.
    [<Literal>]
    let Epsilon = 1e-8

    /// State before the first step.
    let start (sae: Sae) =
        let parameters = DenseParameters.ofSae sae

        { Parameters = parameters
          M = DenseParameters.zeros parameters
          V = DenseParameters.zeros parameters
          Step = 0
          Topk_threshold = 0.0 }

    /// What gradients of this global norm are multiplied with (`ClipAdam.clip`).
    let clipScale (norm: float) = ClipAdam.clip norm

    /// Adam with bias correction (Kingma & Ba 2015): p −= lr · m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ),
    /// v̂ = v / (1 − β₂ᵗ).
    let adam (training: TrainingSpec) lr (gradient: DenseParameters) (state: DenseState) =
        let beta1, beta2, step = training.AdamBeta1, training.AdamBeta2, state.Step + 1

        let m = DenseParameters.map2 (fun m g -> beta1 * m + (1.0 - beta1) * g) state.M gradient

        let v = DenseParameters.map2 (fun v g -> beta2 * v + (1.0 - beta2) * g * g) state.V gradient

        let correct beta moment = moment / (1.0 - beta ** float step)

        let update =
            DenseParameters.map2
                (fun m v -> correct beta1 m / (sqrt (correct beta2 v) + Epsilon))
                m
                v

        { state with
            Parameters = DenseParameters.map2 (fun p u -> p - lr * u) state.Parameters update
            M = m
            V = v
            Step = step }

    /// The least positive act (B, L), 0 if there is none.
    let smallest (acts: float[,]) =
        acts
        |> Seq.cast<float>
        |> Seq.filter (fun act -> act > 0.0)
        |> Seq.fold min infinity
        |> fun least -> if least = infinity then 0.0 else least

    /// BatchTopK's threshold after a forward pass; other architectures keep 0.
    let threshold (spec: SaeSpec) (acts: float[,]) (t: float) =
        TopKThreshold.next spec.Architecture.ThresholdLr (smallest acts) t

    /// One training step on x (B, D) at learning rate `lr`, with dead latents `dead` (L).
    let run
        (spec: SaeSpec)
        (training: TrainingSpec)
        (lr: float)
        (dead: bool[])
        (x: float[,])
        (state: DenseState)
        =
        let batch = Dense.trace spec state.Parameters dead x
        let forward = Dense.forward batch
        let losses = Dense.losses batch forward
        let gradient = Dense.gradient batch (Dense.total losses)
        let norm = DenseParameters.norm gradient
        let clipped = gradient |> DenseParameters.map (fun g -> clipScale norm * g)

        { Forward = forward
          Losses = losses |> Map.map (fun _ loss -> loss.Scalar)
          Gradient = gradient
          GradientNorm = norm
          State =
            { adam training lr clipped state with
                Topk_threshold = threshold spec forward.Feature_acts.Value state.Topk_threshold } }
