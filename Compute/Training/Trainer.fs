namespace SynthSae.Compute.Training

open System
open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Ops
open SynthSae.Spec

/// What one training step saw.
type StepReport =
    {
        /// 0-based number of the step.
        Step: int64
        /// Samples trained on, this batch included.
        Samples: int64
        /// Mse + Auxiliary.
        Loss: float
        /// Squared error, summed over D, mean over the batch.
        Mse: float
        /// The AuxK term with its coefficient.
        Auxiliary: float
        /// Mean number of active latents per sample.
        L0: float
        /// Dead latents when the step began.
        Dead: int
        LearningRate: float
        /// Global norm of the gradients before clipping.
        GradientNorm: float
        /// BatchTopK's running threshold after the step, 0 for other architectures.
        Threshold: float
    }

/// What an implementation of the step gives back.
type private StepOutcome =
    { StepMse: float
      StepAuxiliary: float
      Norm: float
      Smallest: float
      Latents: Codes }

/// An implementation of the training step.
type private IStep =
    /// One step on x (B, D) with these dead latents (L) at a learning rate.
    abstract Run: x: Matrix * dead: DeadLatents * lr: float -> StepOutcome

    /// The SAE as it is now.
    abstract Sae: Sae

    /// Copies of the parameters and of Adam's moments, by name.
    abstract Arrays: Map<string, StateArray>

    /// Go on from these after so many steps, with this running threshold.
    abstract Restore: arrays: Map<string, StateArray> * steps: int64 * threshold: float -> unit

/// Trains one SAE on batches that the caller brings, as the reference's trainer does (REFERENCE §8.3).
/// The result is a pure function of the spec and the batches; it does not depend on the number of threads.
[<Sealed>]
type Trainer(backend: Backend, spec: Valid<RunSpec>, dim: int) =
    let sae, training = spec.Value.Sae, spec.Value.Training

    do
        let plain =
            { SaeSpec.create sae.DSae sae.Architecture with
                DIn = sae.DIn
                DecoderInitNorm = sae.DecoderInitNorm
                ApplyBDecToInput = sae.ApplyBDecToInput }

        if sae <> plain then
            raise (BadInput("sae", "asks for an option of training that is not there yet"))

    let initial = Initialisation.create sae dim training.Seed
    let mutable dead = DeadLatents(training.DeadFeatureWindow, sae.DSae)

    let adam =
        { Beta1 = training.AdamBeta1
          Beta2 = training.AdamBeta2
          Epsilon = DenseStep.Epsilon }

    let dense () =
        let mutable state = DenseStep.start sae initial

        { new IStep with
            member _.Run(x, dead, lr) =
                let settings = StepSettings.start sae lr (dead.Mask())

                let result = DenseStep.run sae training settings (DenseAlgebra.ofMatrix x) state

                state <- result.State

                { StepMse = result.Losses[LossNames.Mse]
                  StepAuxiliary =
                    result.Losses.TryFind LossNames.Auxiliary |> Option.defaultValue 0.0
                  Norm = result.GradientNorm
                  Smallest = DenseStep.smallest result.Forward.Feature_acts.Value
                  Latents = Codes.ofDense (DenseAlgebra.toMatrix result.Forward.Feature_acts.Value) }

            member _.Sae = DenseParameters.toSae initial state.Parameters

            member _.Arrays = StateArrays.ofDense state

            member _.Restore(arrays, steps, threshold) =
                state <-
                    { StateArrays.toDense arrays state with
                        Step = int steps
                        Topk_threshold = threshold } }

    let sparse threads =
        let auxCoefficient =
            match sae.Architecture with
            | SaeArchitecture.TopK(_, family)
            | SaeArchitecture.BatchTopK(_, _, family) -> family.AuxK.Coefficient
            | _ -> raise (BadInput("sae.architecture", "cannot be trained yet"))

        let step = SparseStep(threads, initial, auxCoefficient, adam)

        step,
        { new IStep with
            member _.Run(x, dead, lr) =
                let struct (mse, auxiliary, smallest) = step.Differentiate(x, dead.Indices())
                let norm = step.Update lr

                { StepMse = mse
                  StepAuxiliary = auxiliary
                  Norm = norm
                  Smallest = float smallest
                  Latents = step.Codes }

            member _.Sae = step.Sae

            member _.Arrays = StateArrays.ofSparse step

            member _.Restore(arrays, steps, _) =
                StateArrays.copyInto step arrays
                step.Continue steps }

    let times, step =
        match backend with
        | Backend.Reference -> StepTimes.Zero, dense ()
        | Backend.Cpu threads ->
            let sparse, step = sparse threads
            sparse.Times, step

    let mutable steps = 0L
    let mutable samples = 0L
    let mutable threshold = 0.0

    /// Steps done.
    member _.Steps = steps

    /// Samples seen.
    member _.Samples = samples

    /// The SAE in training form. Its arrays change with every step.
    member _.Sae = step.Sae

    /// BatchTopK's running threshold; 0 at the start and for other architectures.
    member _.Threshold = threshold

    /// Steps since each latent last fired (L).
    member _.DeadLatents = dead

    /// Where the time of the steps went; zero on the reference backend.
    member _.Times = times

    /// The SAE in the form that is saved for inference, as a copy.
    member trainer.Export() : Sae =
        let now = trainer.Sae

        Fold.inference
            threshold
            0.0
            { now with
                Encoder = Matrix.copy now.Encoder
                Decoder = Matrix.copy now.Decoder
                EncoderBias = Array.copy now.EncoderBias
                DecoderBias = Array.copy now.DecoderBias }

    /// What states of such a trainer carry: a specification and the precision of a backend. Threads do not matter.
    static member Identity(backend: Backend, spec: Valid<RunSpec>) : string =
        let kind =
            match backend with
            | Backend.Reference -> "reference"
            | Backend.Cpu _ -> "cpu"

        $"{TrainerState.Version} {kind}\n{RunSpec.toJson spec.Value}"

    /// Everything that further steps depend on, as a copy.
    member _.State() : TrainerState =
        { Identity = Trainer.Identity(backend, spec)
          Steps = steps
          Samples = samples
          Threshold = threshold
          StepsSinceFired = Array.copy dead.StepsSinceFired
          Arrays = step.Arrays }

    /// Go on from a state of the same specification: steps on the same batches then give the same bits as without
    /// the interruption. Raises `BadInput`, and changes nothing, if the state is another specification's or
    /// backend's.
    member _.Restore(state: TrainerState) =
        TrainerState.check (Trainer.Identity(backend, spec)) sae.DSae state
        step.Restore(state.Arrays, state.Steps, state.Threshold)
        dead <- DeadLatents(training.DeadFeatureWindow, Array.copy state.StepsSinceFired)
        steps <- state.Steps
        samples <- state.Samples
        threshold <- state.Threshold

    /// One optimiser step on x (B, D). Raises `BadInput` when the gradients are no longer finite: nothing can be
    /// learnt from there.
    member _.Step(x: Matrix) : StepReport =
        let lr = Schedule.learningRate training (int steps * 1<step>)
        let deadBefore = dead.Count
        let outcome = step.Run(x, dead, lr)

        if not (Double.IsFinite outcome.Norm) then
            let problem = $"diverged in step {steps + 1L}; a learning rate below {lr} may help"
            raise (BadInput("training", problem))

        dead.Update outcome.Latents
        threshold <- TopKThreshold.next sae.Architecture.ThresholdLr outcome.Smallest threshold
        steps <- steps + 1L
        samples <- samples + int64 x.Rows

        { Step = steps - 1L
          Samples = samples
          Loss = outcome.StepMse + outcome.StepAuxiliary
          Mse = outcome.StepMse
          Auxiliary = outcome.StepAuxiliary
          L0 = float outcome.Latents.Count / float x.Rows
          Dead = deadBefore
          LearningRate = lr
          GradientNorm = outcome.Norm
          Threshold = threshold }
