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
        /// The same of the first selection, where there are two.
        First_threshold: float
    }

/// One step, with what it saw on the way.
type DenseStepResult =
    {
        Forward: DenseForward
        /// The terms of the loss, by the reference's names.
        Losses: Map<string, float>
        /// Of their sum, before clipping, without what `DecoderNorm` takes away.
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

    /// State before the first step, with these parameters.
    let startWith (parameters: DenseParameters) =
        { Parameters = parameters
          M = DenseParameters.zeros parameters
          V = DenseParameters.zeros parameters
          Step = 0
          Topk_threshold = 0.0
          First_threshold = 0.0 }

    /// State before the first step.
    let start (spec: SaeSpec) (sae: Sae) =
        startWith (DenseParameters.ofSae spec.Architecture sae)

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

    /// A gradient by decoder rows without its part along each row (`DecoderNorm.Unit`).
    let private across (decoder: float[,]) (gradient: float[,]) =
        let along a =
            DenseAlgebra.sumTo (DenseAlgebra.rows a) 1 (DenseAlgebra.map2 (*) a decoder)

        let share =
            DenseAlgebra.map2
                (fun g w -> g * DenseAlgebra.reciprocal w)
                (along gradient)
                (along decoder)

        DenseAlgebra.map2 (-) gradient (DenseAlgebra.map2 (*) decoder share)

    /// What the gradient of the loss means under the constraint on decoder rows, if there is one.
    let private constrained
        (spec: SaeSpec)
        (p: DenseParameters)
        (gradient: DenseParameters)
        : DenseParameters =
        match spec.DecoderNorm with
        | DecoderNorm.Free -> gradient
        | DecoderNorm.Unit -> gradient |> Map.add "W_dec" (across p["W_dec"] gradient["W_dec"])

    /// Parameters after a step, with decoder rows of the norm that they must have.
    let private normalised (spec: SaeSpec) (p: DenseParameters) : DenseParameters =
        match spec.DecoderNorm with
        | DecoderNorm.Free -> p
        | DecoderNorm.Unit ->
            let norms = DenseAlgebra.rowNorms p["W_dec"] |> Array2D.map DenseAlgebra.reciprocal
            p |> Map.add "W_dec" (DenseAlgebra.map2 (*) p["W_dec"] norms)

    /// The frequencies that levels are ordered by learn from a batch.
    let private countFirings (spec: SaeSpec) (settings: StepSettings) (forward: DenseForward) =
        match spec.Architecture with
        | SaeArchitecture.Matryoshka(_, _, _, { Order = LevelOrder.Frequency }) ->
            let acts = forward.Feature_acts
            settings.Frequencies.Update(DenseLevels.counts acts.Value, acts.Rows)
        | _ -> ()

    /// One training step on x (B, D). `settings.Frequencies` learn from it where levels are ordered by them.
    let run
        (spec: SaeSpec)
        (training: TrainingSpec)
        (settings: StepSettings)
        (x: float[,])
        (state: DenseState)
        =
        let batch = Dense.trace spec settings state.Parameters x
        let forward = Dense.forward batch
        let losses = Dense.losses batch forward
        let gradient = constrained spec state.Parameters (Dense.gradient batch (Dense.total losses))
        let norm = DenseParameters.norm gradient
        let clipped = gradient |> DenseParameters.map (fun g -> clipScale norm * g)
        let after = adam training settings.LearningRate clipped state

        let first =
            match forward.First_acts with
            | Some acts -> threshold spec acts.Value state.First_threshold
            | None -> 0.0

        countFirings spec settings forward

        { Forward = forward
          Losses = losses |> Map.map (fun _ loss -> loss.Scalar)
          Gradient = gradient
          GradientNorm = norm
          State =
            { after with
                Parameters = normalised spec after.Parameters
                Topk_threshold = threshold spec forward.Feature_acts.Value state.Topk_threshold
                First_threshold = first } }
