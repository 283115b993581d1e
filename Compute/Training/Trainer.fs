namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Spec

/// Trains one SAE on batches that the caller brings, as the reference's trainer does (REFERENCE §8.3).
/// The result is a pure function of the spec and the batches; it does not depend on the number of threads.
[<Sealed>]
type Trainer(backend: Backend, spec: Valid<RunSpec>, dim: int, features: Matrix option) =
    let plan = StepPlan spec
    let sae, training = plan.Sae, plan.Training
    let initial = Initialisation.start sae features dim training.Seed

    let trainer: ITrainer =
        match backend with
        | Backend.Reference -> HostTrainer(plan, initial, None)
        | Backend.Cpu threads -> HostTrainer(plan, initial, Some threads)
        | Backend.Cuda(gpu, _) -> CudaTrainer(gpu, plan, initial)

    // The last step before which samples were given to resample from.
    let mutable resampledBefore = -1L

    /// What is to be resampled before the next step, and how.
    let due () =
        match plan.Resampling trainer.Steps with
        | Some resampling when resampledBefore < trainer.Steps ->
            match trainer.Dead.SilentFor resampling.Window with
            | [||] -> None
            | silent -> Some(resampling, silent)
        | _ -> None

    let checkResampled () =
        if (due ()).IsSome then
            invalidOp "samples to resample from are wanted before this step"

    let scaled (x: Matrix) =
        match trainer.Control.InputScale with
        | 1.0 -> x
        | scale ->
            let target = Matrix(x.Rows, x.Cols)
            ActivationScale.apply scale x target
            target

    /// Without features to begin with.
    new(backend, spec, dim) = Trainer(backend, spec, dim, None)

    /// Steps done.
    member _.Steps = trainer.Steps

    /// Samples seen.
    member _.Samples = trainer.Samples

    /// The SAE in the form that is trained (see the reference's evaluation of training SAEs, REFERENCE §8.5), on
    /// inputs as they are. On the host its arrays are those that are trained unless inputs are scaled.
    member _.Sae = Fold.inputScale trainer.Control.InputScale trainer.Sae

    /// Steps since each latent last fired (L).
    member _.DeadLatents = trainer.Dead

    /// BatchTopK's running threshold, 0 for other architectures.
    member _.Threshold = trainer.Control.Threshold

    /// Where the time of the steps went; zero where it is not known.
    member _.Times = trainer.Times

    /// Batches from which the scale of the inputs is to be estimated before the first step; 0 for none.
    member _.ScaleBatches =
        if trainer.Steps = 0L && sae.Normalization = ActivationNormalization.ExpectedAverage then
            training.NormBatches
        else
            0

    /// Multiply all inputs with this, above 0 (`ActivationScale.estimate`); to be said before the first step.
    member _.ScaleInputs(scale: float) = trainer.ScaleInputs scale

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
            let x = scaled x
            let steps = trainer.Steps
            let now = plan.At(int steps * 1<step>, trainer.Sae)
            let residuals = Resampling.residuals backend now training.BatchSize x
            let seed = Initialisation.seedOf sae training.Seed
            resampledBefore <- steps

            match Resampling.start resampling seed steps now silent x residuals with
            | Some fresh ->
                trainer.Renew fresh
                fresh.Latents
            | None -> [||]
        | Some(resampling, _) -> invalidArg (nameof x) $"{x.Rows} samples, not {resampling.Samples}"
        | None -> invalidOp "no samples are wanted before this step"

    /// The SAE in the form that is saved for inference, as a copy.
    member _.Export() : Sae =
        let now = trainer.Sae
        let control = trainer.Control

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
        $"{TrainerState.Version} {Backend.kind backend}\n{RunSpec.toJson spec.Value}"

    /// Everything that further steps depend on, as a copy.
    member _.State() : TrainerState =
        let control = trainer.Control
        let frequencies = trainer.Frequencies

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
          Steps = trainer.Steps
          Samples = trainer.Samples
          StepsSinceFired = Array.copy trainer.Dead.StepsSinceFired
          Arrays =
            (trainer.Arrays, controls)
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
        let dead = DeadLatents(training.DeadFeatureWindow, Array.copy state.StepsSinceFired)

        trainer.Restore(
            state.Arrays,
            restored,
            FiringFrequencies(shares, batches),
            dead,
            state.Steps,
            state.Samples
        )

        resampledBefore <- -1L

    /// One optimiser step on x (B, D). Returns the reports that are there now, oldest first, each once: on the host that
    /// of this step; on a GPU, which runs ahead of the host, often none and now and then those of many steps. Raises
    /// `BadInput` when the gradients of a reported step are no longer finite: nothing can be learnt from there.
    member _.Step(x: Batch) : StepReport list =
        checkResampled ()
        trainer.Step x

    /// The reports of all steps that have not been reported yet.
    member _.Finish() : StepReport list = trainer.Finish()

    /// One optimiser step on x (B, D), and its report.
    member trainer.Step(x: Matrix) : StepReport =
        trainer.Step(Batch.Host x) @ trainer.Finish() |> List.last
