namespace SynthSae.Compute.Training

open System
open SynthSae.Spec

/// The learning rate of each step (REFERENCE §8.3). With w warm-up steps, d decay steps, S
/// scheduled steps, M = S − w − d and lr_end = lr/10 unless given, at the 0-based step t:
///
/// - t ≥ S − d (only if d > 0): e·max(0, 1 − (t − S + d)/d), e = lr for a constant schedule, else
///   lr_end;
/// - t &lt; w: lr·(1/w + (1 − 1/w)·t/(w − 1)) = lr·(t + 1)/w;
/// - otherwise, with u = t − w: lr when constant; lr_end + (lr − lr_end)·(1 + cos(π·u/M))/2 for a
///   cosine; the same with (u mod T)/T in place of u/M, T = ⌊M/cycles⌋, for a cosine with restarts.
module Schedule =
    /// Optimiser steps of a run: the last batch may overshoot the samples.
    let steps (spec: TrainingSpec) : int<step> =
        let batch = int64 spec.BatchSize
        LanguagePrimitives.Int32WithMeasure(int ((int64 spec.Samples + batch - 1L) / batch))

    /// S, the steps over which schedules are laid: a partial last batch does not count.
    let scheduledSteps (spec: TrainingSpec) : int<step> =
        LanguagePrimitives.Int32WithMeasure(int (int64 spec.Samples / int64 spec.BatchSize))

    /// Half a cosine wave from lr (at 0) to lr_end (at 1).
    let private cosine lr lrEnd phase =
        lrEnd + (lr - lrEnd) * (1.0 + cos (Math.PI * phase)) / 2.0

    /// The rate `step` steps after the warm-up, of `length` until the decay.
    let private main (spec: TrainingSpec) lrEnd (step: int) (length: int) =
        match spec.LrScheduler with
        | LrScheduler.Constant -> spec.Lr
        | LrScheduler.Cosine -> cosine spec.Lr lrEnd (float step / float (max 1 length))
        | LrScheduler.CosineRestarts cycles ->
            let period = max 1 (length / cycles)
            cosine spec.Lr lrEnd (float (step % period) / float period)

    /// The learning rate of a 0-based step.
    let learningRate (spec: TrainingSpec) (step: int<step>) : float =
        let step, total = int step, int (scheduledSteps spec)
        let warmUp, decay = int spec.LrWarmUpSteps, int spec.LrDecaySteps
        let lrEnd = spec.LrEnd |> Option.defaultValue (spec.Lr / 10.0)

        if decay > 0 && step >= total - decay then
            let start = if spec.LrScheduler = LrScheduler.Constant then spec.Lr else lrEnd

            start * max 0.0 (1.0 - float (step - total + decay) / float decay)
        elif step < warmUp then
            spec.Lr * float (step + 1) / float warmUp
        else
            main spec lrEnd (step - warmUp) (total - warmUp - decay)
