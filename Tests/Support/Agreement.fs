namespace SynthSae.Tests

open SynthSae.Compute.Training
open SynthSae.Spec
open Xunit

/// Bounds within which two implementations of the training step agree, when at least one computes
/// in float32.
///
/// Gradients: an element is a sum over chained products of lengths D, K and B, so its rounding
/// error is about ε·(√D + √K + √B) times the size of the terms (ε = 2⁻²⁴, some 15·ε = 9e-7 in these
/// cases); terms may cancel to a third of their size, hence 3e-6 of the tensor's largest element. A
/// tensor of few elements may be small by cancellation throughout; it is held to a tenth of the
/// largest element of all instead. The reference's own files lie within 3e-7.
///
/// Weights: Adam divides by the gradient's own size, which turns the rounding error δ of a small
/// gradient into a large error of its update u = m̂/(s + 1e-8), s = √v̂. With a and b the errors of
/// m̂ and s, both at most δ because m̂ is a weighted mean and s a weighted root mean square, u
/// changes by (a − u·b)/(s + b + 1e-8): at most δ·(1 + |u|)/(s + 1e-8 − δ). Where δ reaches s the
/// sign itself is open and the bound is 2·max|u|. Rounding of the update and of the weight come on
/// top.
module Agreement =
    /// Bound on errors relative to the largest element.
    [<Literal>]
    let Relative = 3e-6

    /// |actual − expected| ≤ bound.
    let close (what: string) (bound: float) (expected: float) (actual: float) =
        Assert.True(
            abs (actual - expected) <= bound,
            $"{what}: {actual} is not {expected} ± {bound} (off by {abs (actual - expected)})"
        )

    /// Within `Relative` of the expected value.
    let closeRelative what expected actual =
        close what (Relative * abs expected) expected actual

    /// Every element, with a bound of its own.
    let closeEach what (bounds: float[]) (expected: float[]) (actual: float[]) =
        Assert.Equal(expected.Length, actual.Length)

        for i in 0 .. expected.Length - 1 do
            close $"{what}[{i}]" bounds[i] expected[i] actual[i]

    let private largest (values: float[]) =
        values |> Array.fold (fun most value -> max most (abs value)) 0.0

    /// All elements, within `Relative` of the largest expected one.
    let closeArray what (expected: float[]) (actual: float[]) =
        let bound = Relative * largest expected
        closeEach what (Array.create expected.Length bound) expected actual

    let private elements (a: float[,]) = a |> Seq.cast<float> |> Seq.toArray

    /// All elements, within `Relative` of the largest expected one.
    let closeArray2D what expected actual =
        closeArray what (elements expected) (elements actual)

    let private names = [ "W_enc"; "W_dec"; "b_enc"; "b_dec" ]

    /// The tensors in the order of `names`, flat.
    let tensors (p: DenseParameters) =
        [ elements p.W_enc; elements p.W_dec; p.b_enc; p.b_dec ]

    /// Bounds on the errors of each tensor of a gradient: `Relative` of the tensor's largest
    /// element, or of a tenth of the largest of all.
    let private gradientBounds (gradient: DenseParameters) =
        let sizes = tensors gradient |> List.map largest
        sizes |> List.map (fun size -> Relative * max size (0.1 * List.max sizes))

    /// All gradients, tensor by tensor.
    let closeGradients (expected: DenseParameters) (actual: DenseParameters) =
        let bounds = gradientBounds expected

        for name, bound, (e, a) in
            List.zip3 names bounds (List.zip (tensors expected) (tensors actual)) do
            closeEach $"gradient of {name}" (Array.create e.Length bound) e a

    /// All weights, each with a bound of its own.
    let closeWeights (bounds: float[] list) (expected: DenseParameters) (actual: DenseParameters) =
        for name, bound, (e, a) in
            List.zip3 names bounds (List.zip (tensors expected) (tensors actual)) do
            closeEach name bound e a

    /// δ of each element of a gradient after clipping; 0 where the gradient is 0, because a latent
    /// without a part in the loss has no gradient in any arithmetic.
    let private gradientErrors (step: DenseStepResult) =
        let scale = DenseStep.clipScale step.GradientNorm

        (gradientBounds step.Gradient, tensors step.Gradient)
        ||> List.map2 (fun bound -> Array.map (fun g -> if g = 0.0 then 0.0 else scale * bound))

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

        let rounding = 2.0 ** -24.0

        let error (delta: float) (m: float) (v: float) (w: float) =
            let s = sqrt (correct training.AdamBeta2 v)
            let u = correct training.AdamBeta1 m / (s + DenseStep.Epsilon)
            lr * (updateError delta u s + Relative * abs u) + 2.0 * rounding * abs w

        let each (deltas: float[]) (m, v) weights =
            Array.map2
                (fun (delta, m) (v, w) -> error delta m v w)
                (Array.zip deltas m)
                (Array.zip v weights)

        List.map3
            each
            deltas
            (List.zip (tensors state.M) (tensors state.V))
            (tensors state.Parameters)

    /// Bounds on the errors of the weights after these dense steps, each taken at rate `lr`.
    let weightErrors training lr (steps: DenseStepResult list) =
        let join combine = List.map2 (Array.map2 combine)
        let nothing = tensors steps.Head.Gradient |> List.map (Array.map (fun _ -> 0.0))

        steps
        |> List.fold
            (fun (deltas, errors) step ->
                let deltas = join max deltas (gradientErrors step)
                deltas, join (+) errors (stepErrors training lr deltas step.State))
            (nothing, nothing)
        |> snd
