namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// What controllers carry from step to step.
type TrainerControl =
    {
        /// BatchTopK's running threshold.
        Threshold: float
        /// The same of the first selection of an encoder that refines.
        FirstThreshold: float
        /// Moves the coefficient towards the L0 that is wanted.
        Tuner: AutotunerState
        /// What inputs are multiplied with.
        InputScale: float
    }

module TrainerControl =
    /// Before the first step.
    let start: TrainerControl =
        { Threshold = 0.0
          FirstThreshold = 0.0
          Tuner = Autotuner.start
          InputScale = 1.0 }

/// What a specification says of every step of its run, before anything is computed.
[<Sealed>]
type StepPlan(spec: Valid<RunSpec>) =
    let sae, training = spec.Value.Sae, spec.Value.Training
    let architecture = SaeSpec.architecture sae
    let totalSteps = Schedule.steps training

    /// The L0 wanted at a step; NaN where there is no wish.
    let wanted (step: int<step>) =
        match SaeSpec.l0 sae with
        | Some final -> L0Schedule.at sae.L0Schedule final totalSteps step
        | None -> nan

    let learningRate = Schedule.learningRate training

    /// The SAE.
    member _.Sae = sae

    /// How it is trained.
    member _.Training = training

    /// The architecture, its k being the target where one is given.
    member _.Architecture = architecture

    /// Adam's constants.
    member _.Adam: AdamSettings =
        { Beta1 = training.AdamBeta1
          Beta2 = training.AdamBeta2
          Epsilon = DenseStep.Epsilon }

    /// Steps of the run.
    member _.Steps = totalSteps

    /// The learning rate of a step.
    member _.LearningRate(step: int<step>) = learningRate step

    /// The L0 wanted at a step; NaN where there is no wish.
    member _.TargetL0(step: int<step>) = wanted step

    /// Latents per sample at a step; NaN where a coefficient decides.
    member _.K(step: int<step>) =
        if architecture.K.IsSome then wanted step else nan

    /// Whether the coefficient follows the L0. A quadratic loss has the target in itself.
    member _.IsTuned =
        match architecture with
        | SaeArchitecture.JumpRelu { Sparsity = JumpReluSparsity.Quadratic } -> false
        | other -> other.Coefficient.IsSome && sae.TargetL0.IsSome

    /// λ of the sparsity loss at a step, before the controller multiplies it; 0 where there is none.
    member _.Coefficient(step: int<step>) =
        match architecture.Coefficient with
        | Some coefficient -> Coefficients.at coefficient step
        | None -> 0.0

    /// What a 0-based step is told, for a controller, dead latents and frequencies as they stand before it.
    member plan.Settings
        (step: int<step>, control: TrainerControl, dead: bool[], frequencies: FiringFrequencies)
        : StepSettings =
        { LearningRate = learningRate step
          K = plan.K step
          Coefficient = plan.Coefficient step * control.Tuner.Multiplier
          TargetL0 = wanted step
          Precision = training.Precision
          Dead = dead
          Frequencies = frequencies }

    /// The running thresholds after a step whose selections kept these least values.
    member _.LearnThresholds(smallest: float, firstSmallest: float, control: TrainerControl) =
        let rate = architecture.ThresholdLr

        { control with
            Threshold = TopKThreshold.next rate smallest control.Threshold
            FirstThreshold = TopKThreshold.next rate firstSmallest control.FirstThreshold }

    /// The controller of the coefficient after a step that wanted `target` and had this L0.
    member plan.Tune(step: int<step>, target: float, l0: float, tuner: AutotunerState) =
        if plan.IsTuned then Autotuner.next sae.Autotuner target step l0 tuner else tuner

    /// An SAE as it selects at a step.
    member plan.At(step: int<step>, now: Sae) : Sae =
        let k = plan.K step

        { now with
            Activation = now.Activation.WithK k
            Refinement =
                now.Refinement
                |> Option.map (fun refinement ->
                    { refinement with First = refinement.First.WithK k }) }

    /// How latents are resampled before a 0-based step, if they are.
    member _.Resampling(step: int64) : Resampling option =
        sae.Resampling
        |> Option.filter (fun resampling -> Resampling.isDue resampling totalSteps step)

    /// Raises `BadInput`: the gradients of a 0-based step are no longer finite.
    member _.Diverged(step: int64) : exn =
        let lr = learningRate (int step * 1<step>)
        let problem = $"diverged in step {step + 1L}; a learning rate below {lr} may help"
        BadInput("training", problem)
