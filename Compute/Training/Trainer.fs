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

/// What controllers carry from step to step.
type private Control =
    {
        /// BatchTopK's running threshold.
        Threshold: float
        /// The same of the first selection of an encoder that refines.
        FirstThreshold: float
        Tuner: AutotunerState
        /// What inputs are multiplied with.
        InputScale: float
    }

/// Trains one SAE on batches that the caller brings, as the reference's trainer does (REFERENCE §8.3).
/// The result is a pure function of the spec and the batches; it does not depend on the number of threads.
[<Sealed>]
type Trainer(backend: Backend, spec: Valid<RunSpec>, dim: int, features: Matrix option) =
    let sae, training = spec.Value.Sae, spec.Value.Training
    let architecture = SaeSpec.architecture sae
    let initial = Initialisation.start sae features dim training.Seed
    let totalSteps = Schedule.steps training
    let mutable dead = DeadLatents(training.DeadFeatureWindow, sae.DSae)

    let adam =
        { Beta1 = training.AdamBeta1
          Beta2 = training.AdamBeta2
          Epsilon = DenseStep.Epsilon }

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
        let step = SparseStep(threads, sae, initial, adam)

        step,
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
            member _.Arrays = StateArrays.ofSparse step

            member _.Renew fresh =
                NewLatents.intoSparse architecture fresh step

            member _.Restore(arrays, steps) =
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
    let mutable frequencies = FiringFrequencies sae.DSae
    let mutable scaled = Matrix(0, dim)
    // The last step before which samples were given to resample from.
    let mutable resampledBefore = -1L

    let mutable control =
        { Threshold = 0.0
          FirstThreshold = 0.0
          Tuner = Autotuner.start
          InputScale = 1.0 }

    /// The L0 wanted at a step; NaN where there is no wish.
    let wanted (step: int<step>) =
        match SaeSpec.l0 sae with
        | Some final -> L0Schedule.at sae.L0Schedule final totalSteps step
        | None -> nan

    let settings (step: int<step>) =
        let l0 = wanted step

        { LearningRate = Schedule.learningRate training step
          K = if architecture.K.IsSome then l0 else nan
          Coefficient =
            match architecture.Coefficient with
            | Some coefficient -> Coefficients.at coefficient step * control.Tuner.Multiplier
            | None -> 0.0
          TargetL0 = l0
          Dead = dead.Mask()
          Frequencies = frequencies }

    /// Whether the coefficient follows the L0. A quadratic loss has the target in itself.
    let isTuned =
        match architecture with
        | SaeArchitecture.JumpRelu { Sparsity = JumpReluSparsity.Quadratic } -> false
        | other -> other.Coefficient.IsSome && sae.TargetL0.IsSome

    let learn (settings: StepSettings) l0 (outcome: StepOutcome) =
        let rate = architecture.ThresholdLr

        control <-
            { control with
                Threshold = TopKThreshold.next rate outcome.Smallest control.Threshold
                FirstThreshold =
                    TopKThreshold.next rate outcome.FirstSmallest control.FirstThreshold
                Tuner =
                    if isTuned then
                        let step = int steps * 1<step>
                        Autotuner.next sae.Autotuner settings.TargetL0 step l0 control.Tuner
                    else
                        control.Tuner }

    /// What is to be resampled before the next step, and how.
    let due () =
        match sae.Resampling with
        | Some resampling when
            resampledBefore < steps && Resampling.isDue resampling totalSteps steps
            ->
            match dead.SilentFor resampling.Window with
            | [||] -> None
            | silent -> Some(resampling, silent)
        | _ -> None

    /// The SAE as it is trained in the next step, on scaled inputs.
    let current () =
        let k = (settings (int steps * 1<step>)).K
        let now = step.Sae

        { now with
            Activation = now.Activation.WithK k
            Refinement =
                now.Refinement
                |> Option.map (fun refinement ->
                    { refinement with First = refinement.First.WithK k }) }

    let scaleInput (x: Matrix) =
        if control.InputScale = 1.0 then
            x
        else
            if scaled.Rows <> x.Rows then
                scaled <- Matrix(x.Rows, dim)

            let factor = float32 control.InputScale
            Simd.combine factor x.Ptr 0.0f x.Ptr scaled.Ptr x.Length
            scaled

    /// Without features to begin with.
    new(backend, spec, dim) = Trainer(backend, spec, dim, None)

    /// Steps done.
    member _.Steps = steps

    /// Samples seen.
    member _.Samples = samples

    /// The SAE in the form that is trained (see the reference's evaluation of training SAEs, REFERENCE §8.5), on
    /// inputs as they are: its arrays are those that are trained unless inputs are scaled.
    member _.Sae = Fold.inputScale control.InputScale step.Sae

    /// Steps since each latent last fired (L).
    member _.DeadLatents = dead

    /// BatchTopK's running threshold, 0 for other architectures.
    member _.Threshold = control.Threshold

    /// Where the time of the steps went; zero on the reference backend.
    member _.Times = times

    /// Batches from which the scale of the inputs is to be estimated before the first step; 0 for none.
    member _.ScaleBatches =
        if steps = 0L && sae.Normalization = ActivationNormalization.ExpectedAverage then
            training.NormBatches
        else
            0

    /// Multiply all inputs with this, above 0 (`ActivationScale.estimate`); to be said before the first step.
    member _.ScaleInputs(scale: float) =
        control <- { control with InputScale = scale }

    /// Fresh samples that `Resample` must be given before the next step; 0 nearly always.
    member _.SamplesWanted =
        match due () with
        | Some(resampling, _) -> resampling.Samples
        | None -> 0

    /// Give the dead latents that are due for it a new start (see `Resampling`) from fresh samples x, as many as are
    /// wanted. Returns the latents that were resampled, ascending. They have no past: counters and firing
    /// frequencies are 0.
    member _.Resample(x: Matrix) : int[] =
        match due () with
        | Some(resampling, silent) when x.Rows = resampling.Samples ->
            let x = scaleInput x
            let now = current ()
            let residuals = Resampling.residuals backend now training.BatchSize x
            let seed = Initialisation.seedOf sae training.Seed
            resampledBefore <- steps

            match Resampling.start resampling seed steps now silent x residuals with
            | Some fresh ->
                step.Renew fresh
                dead.Forgive fresh.Latents
                frequencies.Forget fresh.Latents
                fresh.Latents
            | None -> [||]
        | Some(resampling, _) -> invalidArg (nameof x) $"{x.Rows} samples, not {resampling.Samples}"
        | None -> invalidOp "no samples are wanted before this step"

    /// The SAE in the form that is saved for inference, as a copy.
    member _.Export() : Sae =
        let now = step.Sae

        Fold.inference
            control.Threshold
            control.FirstThreshold
            { now with
                Encoder = Matrix.copy now.Encoder
                Decoder = Matrix.copy now.Decoder
                EncoderBias = Array.copy now.EncoderBias
                DecoderBias = Array.copy now.DecoderBias
                Activation = Activation.copy now.Activation }
        |> Fold.inputScale control.InputScale

    /// What states of such a trainer carry: a specification and the precision of a backend. Threads do not matter.
    static member Identity(backend: Backend, spec: Valid<RunSpec>) : string =
        let kind =
            match backend with
            | Backend.Reference -> "reference"
            | Backend.Cpu _ -> "cpu"

        $"{TrainerState.Version} {kind}\n{RunSpec.toJson spec.Value}"

    /// Everything that further steps depend on, as a copy.
    member _.State() : TrainerState =
        let controls =
            [ StateArrays.ofNumber "threshold" control.Threshold
              StateArrays.ofNumber "first_threshold" control.FirstThreshold
              StateArrays.ofNumber "smoothed_l0" control.Tuner.Smoothed
              StateArrays.ofNumber "l0_rate" control.Tuner.Rate
              StateArrays.ofNumber "multiplier" control.Tuner.Multiplier
              StateArrays.ofNumber "input_scale" control.InputScale
              StateArrays.ofNumber "frequency_batches" (float frequencies.Batches)
              StateArrays.ofNumbers "frequencies" frequencies.Shares ]

        { Identity = Trainer.Identity(backend, spec)
          Steps = steps
          Samples = samples
          StepsSinceFired = Array.copy dead.StepsSinceFired
          Arrays =
            (step.Arrays, controls)
            ||> List.fold (fun arrays (name, value) -> Map.add name value arrays) }

    /// Go on from a state of the same specification: steps on the same batches then give the same bits as without
    /// the interruption. Raises `BadInput`, and changes nothing, if the state is another specification's or
    /// backend's.
    member _.Restore(state: TrainerState) =
        TrainerState.check (Trainer.Identity(backend, spec)) sae.DSae state
        let number = StateArrays.number state.Arrays
        let shares = StateArrays.numbers state.Arrays "frequencies"

        let restored =
            { Threshold = number "threshold"
              FirstThreshold = number "first_threshold"
              Tuner =
                { Smoothed = number "smoothed_l0"
                  Rate = number "l0_rate"
                  Multiplier = number "multiplier" }
              InputScale = number "input_scale" }

        let batches = int64 (number "frequency_batches")
        step.Restore(state.Arrays, state.Steps)
        control <- restored
        frequencies <- FiringFrequencies(shares, batches)
        dead <- DeadLatents(training.DeadFeatureWindow, Array.copy state.StepsSinceFired)
        steps <- state.Steps
        samples <- state.Samples
        resampledBefore <- -1L

    /// One optimiser step on x (B, D). Raises `BadInput` when the gradients are no longer finite: nothing can be
    /// learnt from there.
    member _.Step(x: Matrix) : StepReport =
        if (due ()).IsSome then
            invalidOp "samples to resample from are wanted before this step"

        let settings = settings (int steps * 1<step>)
        let deadBefore = dead.Count
        let outcome = step.Run(scaleInput x, settings)

        if not (Double.IsFinite outcome.Norm) then
            let lr = settings.LearningRate
            let problem = $"diverged in step {steps + 1L}; a learning rate below {lr} may help"
            raise (BadInput("training", problem))

        let l0 = float outcome.Latents.Count / float x.Rows
        learn settings l0 outcome
        dead.Update outcome.Latents
        steps <- steps + 1L
        samples <- samples + int64 x.Rows

        { Step = steps - 1L
          Samples = samples
          Losses = outcome.Losses
          L0 = l0
          K = settings.K
          Coefficient = settings.Coefficient
          IsSaturated = isTuned && Autotuner.isSaturated control.Tuner
          Dead = deadBefore
          LearningRate = settings.LearningRate
          GradientNorm = outcome.Norm
          Threshold = control.Threshold }
