namespace SynthSae.Compute.Training

open System
open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Ops
open SynthSae.Spec

/// What an implementation of the step gives back.
type private StepOutcome =
    { Losses: (string * float) list
      Norm: float
      Smallest: float
      FirstSmallest: float
      Latents: Codes }

/// An implementation of the training step.
type private IStep =
    /// One step on x (B, D).
    abstract Run: x: Matrix * settings: StepSettings -> StepOutcome

    /// The SAE as it is now.
    abstract Sae: Sae

    /// Copies of the parameters and of Adam's moments, by name.
    abstract Arrays: Map<string, StateArray>

    /// Give latents a new start.
    abstract Renew: NewLatents -> unit

    /// Go on from these after so many steps.
    abstract Restore: arrays: Map<string, StateArray> * steps: int64 -> unit

/// Trains on the host: by the meaning in double, or by the SIMD ops when there are threads. Every step is reported at
/// once.
[<Sealed>]
type internal HostTrainer(plan: StepPlan, initial: Sae, threads: int option) =
    let sae, training = plan.Sae, plan.Training

    let dense () =
        let mutable state = DenseStep.start sae initial

        { new IStep with
            member _.Run(x, settings) =
                let x = DenseAlgebra.ofMatrix x
                let result = DenseStep.run sae training settings x state
                state <- result.State

                { Losses = Map.toList result.Losses
                  Norm = result.GradientNorm
                  Smallest = DenseStep.smallest result.Forward.Feature_acts.Value
                  FirstSmallest =
                    match result.Forward.First_acts with
                    | Some acts -> DenseStep.smallest acts.Value
                    | None -> 0.0
                  Latents = Codes.ofDense (DenseAlgebra.toMatrix result.Forward.Feature_acts.Value) }

            member _.Sae = DenseParameters.toSae initial state.Parameters

            member _.Arrays = StateArrays.ofDense state

            member _.Renew fresh =
                state <- NewLatents.intoDense fresh state

            member _.Restore(arrays, steps) =
                state <- { StateArrays.toDense arrays state with Step = int steps } }

    let sparse threads =
        let step = SparseStep(threads, sae, initial, plan.Adam)

        step.Times,
        { new IStep with
            member _.Run(x, settings) =
                let losses = step.Differentiate(x, settings)
                let norm = step.Update settings.LearningRate

                { Losses = losses.Terms
                  Norm = norm
                  Smallest = losses.Smallest
                  FirstSmallest = losses.FirstSmallest
                  Latents = step.Codes }

            member _.Sae = step.Sae
            member _.Arrays = StateArrays.ofSparse step.State

            member _.Renew fresh =
                NewLatents.intoSparse plan.Architecture fresh step.State
                step.Continue step.Steps

            member _.Restore(arrays, steps) =
                StateArrays.copyInto step.State arrays
                step.Continue steps }

    let times, step =
        match threads with
        | None -> StepTimes.Zero, dense ()
        | Some threads -> sparse threads

    let mutable steps = 0L
    let mutable samples = 0L
    let mutable dead = DeadLatents(training.DeadFeatureWindow, sae.DSae)
    let mutable frequencies = FiringFrequencies sae.DSae
    let mutable control = TrainerControl.start
    let mutable scaled = Matrix(0, initial.Dim)

    let scaleInput (x: Matrix) =
        if control.InputScale = 1.0 then
            x
        else
            if scaled.Rows <> x.Rows then
                scaled <- Matrix(x.Rows, x.Cols)

            ActivationScale.apply control.InputScale x scaled
            scaled

    let learn now (settings: StepSettings) l0 (outcome: StepOutcome) =
        let control = plan.LearnThresholds(outcome.Smallest, outcome.FirstSmallest, control)

        { control with
            Tuner = plan.Tune(now, settings.TargetL0, l0, control.Tuner) }

    let run (x: Matrix) : StepReport =
        let now = int steps * 1<step>
        let settings = plan.Settings(now, control, dead.Mask(), frequencies)
        let deadBefore = dead.Count
        let outcome = step.Run(scaleInput x, settings)

        if not (Double.IsFinite outcome.Norm) then
            raise (plan.Diverged steps)

        let l0 = float outcome.Latents.Count / float x.Rows
        control <- learn now settings l0 outcome
        dead.Update outcome.Latents
        steps <- steps + 1L
        samples <- samples + int64 x.Rows

        { Step = steps - 1L
          Samples = samples
          Losses = outcome.Losses
          L0 = l0
          K = settings.K
          Coefficient = settings.Coefficient
          IsSaturated = plan.IsTuned && Autotuner.isSaturated control.Tuner
          Dead = deadBefore
          LearningRate = settings.LearningRate
          GradientNorm = outcome.Norm
          Threshold = control.Threshold }

    interface ITrainer with
        member _.Steps = steps
        member _.Samples = samples
        member _.Sae = step.Sae
        member _.Dead = dead
        member _.Control = control
        member _.Frequencies = frequencies

        member _.ScaleInputs scale =
            control <- { control with InputScale = scale }

        member _.Step x = [ run (Batch.toHost x) ]
        member _.Finish() = []
        member _.Times = times

        member _.Renew fresh =
            step.Renew fresh
            dead.Forgive fresh.Latents
            frequencies.Forget fresh.Latents

        member _.Arrays = step.Arrays

        member _.Restore(arrays, newControl, newFrequencies, newDead, newSteps, newSamples) =
            step.Restore(arrays, newSteps)
            control <- newControl
            frequencies <- newFrequencies
            dead <- newDead
            steps <- newSteps
            samples <- newSamples
