namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// The way from one L0 to another.
[<RequireQualifiedAccess>]
type ScheduleShape =
    | Linear
    /// Half a cosine.
    | Cosine
    /// A constant factor per step.
    | Geometric

/// An L0 that changes while training, to the one that the SAE is meant to have ("Sparse but Wrong", appendix A.3).
type L0Schedule =
    {
        /// The L0 of the first step; above 0.
        Start: float
        /// Steps until the final L0 is reached; `None` for all of the run.
        Steps: int<step> option
        Shape: ScheduleShape
    }

/// The controller that moves the coefficient of the sparsity loss until the L0 is the target
/// (REFERENCE §9.10, with its default gains).
type L0Autotuner =
    {
        /// The first step in which it acts.
        StartStep: int<step>
        /// Largest relative change of the coefficient per step; above 0 and below 1.
        IntegralGain: float
        /// Factor on the gain while the L0 moves towards the target; at least 0.
        ConvergenceGain: float
        /// How soon a relative error counts as large; above 0.
        GainScale: float
        /// Errors of the L0 up to this are left; at least 0.
        Deadband: float
    }

module internal L0Schedule =
    let rules dSae (schedule: L0Schedule) =
        Rules.number
            "start"
            $"must be above 0 and at most d_sae {dSae}"
            schedule.Start
            (schedule.Start > 0.0 && schedule.Start <= float dSae)
        @ Rules.optional (Rules.atLeast 1) "steps" (schedule.Steps |> Option.map int)

    let private shape =
        Codec.named
            [ "linear", ScheduleShape.Linear
              "cosine", ScheduleShape.Cosine
              "geometric", ScheduleShape.Geometric ]

    let codec: Codec<L0Schedule> =
        Fields.fields<L0Schedule> {
            let! start = Fields.required "start" Codec.number |> Fields.from _.Start

            and! steps =
                Fields.optional "steps" (Codec.nullable Count.steps) None |> Fields.from _.Steps

            and! shape = Fields.optional "shape" shape ScheduleShape.Linear |> Fields.from _.Shape

            return { Start = start; Steps = steps; Shape = shape }
        }
        |> Fields.toObject

module internal L0Autotuner =
    let standard =
        { StartStep = 0<step>
          IntegralGain = 3e-4
          ConvergenceGain = 0.01
          GainScale = 10.0
          Deadband = 0.0 }

    let rules (tuner: L0Autotuner) =
        let gain = tuner.IntegralGain

        Rules.atLeast 0 "start_step" (int tuner.StartStep)
        @ Rules.number "integral_gain" "must be above 0 and below 1" gain (gain > 0.0 && gain < 1.0)
        @ Rules.notNegative "convergence_gain" tuner.ConvergenceGain
        @ Rules.positive "gain_scale" tuner.GainScale
        @ Rules.notNegative "deadband" tuner.Deadband

    let codec: Codec<L0Autotuner> =
        let field name codec part =
            Fields.optional name codec (part standard) |> Fields.from part

        Fields.fields<L0Autotuner> {
            let! start = field "start_step" Count.steps _.StartStep
            and! integral = field "integral_gain" Codec.number _.IntegralGain
            and! convergence = field "convergence_gain" Codec.number _.ConvergenceGain
            and! scale = field "gain_scale" Codec.number _.GainScale
            and! deadband = field "deadband" Codec.number _.Deadband

            return
                { StartStep = start
                  IntegralGain = integral
                  ConvergenceGain = convergence
                  GainScale = scale
                  Deadband = deadband }
        }
        |> Fields.toObject
