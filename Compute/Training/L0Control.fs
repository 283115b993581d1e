namespace SynthSae.Compute.Training

open System
open SynthSae.Spec

/// The L0 that is wanted at each step.
module L0Schedule =
    let private between shape start final share =
        match shape with
        | ScheduleShape.Linear -> start + (final - start) * share
        | ScheduleShape.Cosine -> final + (start - final) * (1.0 + cos (Math.PI * share)) / 2.0
        | ScheduleShape.Geometric -> start * Math.Pow(final / start, share)

    /// The L0 of a 0-based step, on the way to `final` within `steps` steps of the run unless the schedule
    /// says how many.
    let at (schedule: L0Schedule option) (final: float) (steps: int<step>) (step: int<step>) =
        match schedule with
        | None -> final
        | Some schedule ->
            let length = schedule.Steps |> Option.defaultValue steps |> int |> max 1
            let share = min 1.0 (float step / float length)
            between schedule.Shape schedule.Start final share

/// State of the controller that moves a coefficient until the L0 is the target.
type AutotunerState =
    {
        /// Running mean of the L0; NaN before the first step.
        Smoothed: float
        /// Running mean of the change of the running mean.
        Rate: float
        /// What the coefficient is multiplied with.
        Multiplier: float
    }

/// The controller (REFERENCE §9.10): an integral gain on the relative error, less of it while the L0 already moves
/// towards its target.
module Autotuner =
    /// Bounds of the multiplier.
    let least, most = 0.01, 100.0

    let start = { Smoothed = nan; Rate = 0.0; Multiplier = 1.0 }

    let private smooth l0 (state: AutotunerState) =
        if Double.IsNaN state.Smoothed then
            { state with Smoothed = l0; Rate = 0.0 }
        else
            let smoothed = 0.99 * state.Smoothed + 0.01 * l0

            { state with
                Smoothed = smoothed
                Rate = 0.95 * state.Rate + 0.05 * (smoothed - state.Smoothed) }

    /// The state after a 0-based step whose batch had this L0; its multiplier counts from the next step on.
    let next
        (tuner: L0Autotuner)
        (target: float)
        (step: int<step>)
        (l0: float)
        (state: AutotunerState)
        =
        let state = smooth l0 state
        let error = state.Smoothed - target

        if step < tuner.StartStep || abs error <= tuner.Deadband then
            state
        else
            let gain = if error * state.Rate < 0.0 then tuner.ConvergenceGain else 1.0

            let change = tuner.IntegralGain * gain * tanh (tuner.GainScale * abs error / target)

            let multiplier = state.Multiplier * (if error > 0.0 then 1.0 + change else 1.0 - change)

            { state with
                Multiplier = Math.Clamp(multiplier, least, most) }

    /// Whether the multiplier stands at a bound, where the target is out of reach.
    let isSaturated (state: AutotunerState) =
        state.Multiplier <= least || state.Multiplier >= most

/// Weights of sparsity losses.
module Coefficients =
    /// λ of a 0-based step: λ·min(step/warm-up, 1) (REFERENCE §8.3).
    let at (coefficient: Coefficient) (step: int<step>) =
        if coefficient.WarmUpSteps <= 0<step> then
            coefficient.Value
        else
            coefficient.Value * min (float step / float coefficient.WarmUpSteps) 1.0
