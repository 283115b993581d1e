namespace SynthSae.Tests

open SynthSae.Compute.Training
open SynthSae.Spec
open Xunit

/// Comparisons within bounds, and what bounds on gradients mean for weights.
///
/// Adam divides by the gradient's own size, which turns the rounding error δ of a small gradient
/// into a large error of its update u = m̂/(s + 1e-8), s = √v̂. With a and b the errors of m̂ and
/// s, both at most δ because m̂ is a weighted mean and s a weighted root mean square, u changes by
/// (a − u·b)/(s + b + 1e-8): at most δ·(1 + |u|)/(s + 1e-8 − δ). Where δ reaches s the sign itself
/// is open and the bound is 2·max|u|. Rounding of the update and of the weight come on top.
module Agreement =
    /// |actual − expected| ≤ bound.
    let close (what: string) (bound: float) (expected: float) (actual: float) =
        Assert.True(
            abs (actual - expected) <= bound,
            $"{what}: {actual} is not {expected} ± {bound} (off by {abs (actual - expected)})"
        )

    /// Every element, with a bound of its own.
    let closeEach what (bounds: float[]) (expected: float[]) (actual: float[]) =
        Assert.Equal(expected.Length, actual.Length)

        for i in 0 .. expected.Length - 1 do
            close $"{what}[{i}]" bounds[i] expected[i] actual[i]

    let private elements (a: float[,]) = a |> Seq.cast<float> |> Seq.toArray

    /// Every element, with a bound of its own.
    let closeEach2D what bounds expected actual =
        closeEach what (elements bounds) (elements expected) (elements actual)

    /// W_enc, W_dec, b_enc, b_dec, flat.
    let tensors (p: DenseParameters) =
        [ elements p.W_enc; elements p.W_dec; p.b_enc; p.b_dec ]

    /// Every parameter, with a bound of its own.
    let closeTensors (what: string) (bounds: float[] list) expected actual =
        let names = [ "W_enc"; "W_dec"; "b_enc"; "b_dec" ]
        let pairs = List.zip (tensors expected) (tensors actual)

        for name, bound, (e, a) in List.zip3 names bounds pairs do
            closeEach $"{what} {name}" bound e a

    /// δ of a gradient after clipping; the scale errs as the norm does.
    let private clippedErrors (step: DenseStepResult) (bounds: StepBounds) =
        let scale = DenseStep.clipScale step.GradientNorm
        let relative = DenseAlgebra.divide bounds.GradientNorm step.GradientNorm

        (step.Gradient, bounds.Gradient)
        ||> DenseParameters.map2 (fun g bound -> scale * (bound + relative * abs g))
        |> tensors

    /// Bound on the error of one update u, where δ bounds the errors of the clipped gradients so
    /// far. |u| stays below 1.05 in the first three steps (Cauchy–Schwarz on the weights of m̂ and
    /// v̂).
    let private updateError delta u s =
        let most = 2.1

        if delta = 0.0 then 0.0
        elif s + DenseStep.Epsilon <= delta then most
        else min most (delta * (1.0 + abs u) / (s + DenseStep.Epsilon - delta))

    /// Bounds on the errors that one step at rate `lr` adds to the weights.
    let private stepErrors (training: TrainingSpec) lr (deltas: float[] list) (state: DenseState) =
        let correct beta moment =
            moment / (1.0 - beta ** float state.Step)

        let error (delta: float) (m: float, v: float, w: float) =
            let s = sqrt (correct training.AdamBeta2 v)
            let u = correct training.AdamBeta1 m / (s + DenseStep.Epsilon)
            lr * updateError delta u s + StepBounds.rounding * (lr * abs u + abs w)

        let moments = List.zip3 (tensors state.M) (tensors state.V) (tensors state.Parameters)
        List.map2 (fun delta (m, v, w) -> Array.map2 error delta (Array.zip3 m v w)) deltas moments

    /// Bounds on the errors of the weights after these dense steps, each taken at rate `lr`.
    let weightErrors training lr (steps: (DenseStepResult * StepBounds) list) =
        let join combine = List.map2 (Array.map2 combine)
        let nothing = tensors (fst steps.Head).Gradient |> List.map (Array.map (fun _ -> 0.0))

        steps
        |> List.fold
            (fun (deltas, errors) (step, bounds) ->
                let deltas = join max deltas (clippedErrors step bounds)
                deltas, join (+) errors (stepErrors training lr deltas step.State))
            (nothing, nothing)
        |> snd
