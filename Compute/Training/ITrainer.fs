namespace SynthSae.Compute.Training

open SynthSae.Compute

/// How a backend trains one SAE: the part of `Trainer` that differs from backend to backend.
type internal ITrainer =
    /// Steps done, or on their way.
    abstract Steps: int64

    /// Samples seen.
    abstract Samples: int64

    /// The SAE as it is now, on scaled inputs.
    abstract Sae: Sae

    /// Steps since each latent last fired.
    abstract Dead: DeadLatents

    /// What controllers carry.
    abstract Control: TrainerControl

    /// How often latents fire.
    abstract Frequencies: FiringFrequencies

    /// Multiply inputs with this from now on.
    abstract ScaleInputs: float -> unit

    /// One step on x (B, D). Returns the reports that are there now, oldest first, each once: of this step, or of none or
    /// several of the last steps. Raises `BadInput` when the gradients of a reported step are not finite.
    abstract Step: x: Batch -> StepReport list

    /// The reports of all steps that have not been reported.
    abstract Finish: unit -> StepReport list

    /// Where the time of the steps went.
    abstract Times: StepTimes

    /// Give latents a new start.
    abstract Renew: NewLatents -> unit

    /// Copies of the parameters and of Adam's moments, by name.
    abstract Arrays: Map<string, StateArray>

    /// Go on from these after so many steps and samples; raises `BadInput`, and changes nothing, where they do not fit.
    abstract Restore:
        arrays: Map<string, StateArray> *
        control: TrainerControl *
        frequencies: FiringFrequencies *
        dead: DeadLatents *
        steps: int64 *
        samples: int64 ->
            unit
