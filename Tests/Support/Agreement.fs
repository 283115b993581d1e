namespace SynthSae.Tests

open SynthSae.Compute.Autodiff
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

    let private elements = DenseAlgebra.elements

    /// Every element, with a bound of its own.
    let closeEach2D what bounds expected actual =
        closeEach what (elements bounds) (elements expected) (elements actual)

    /// All numbers of each parameter.
    let tensors (p: DenseParameters) =
        p.Values |> Seq.map elements |> Seq.toList

    /// Every parameter, with a bound of its own.
    let closeTensors
        (what: string)
        (bounds: DenseParameters)
        (expected: DenseParameters)
        (actual: DenseParameters)
        =
        Assert.Equal<string list>(List.ofSeq expected.Keys, List.ofSeq actual.Keys)

        for KeyValue(name, expected) in expected do
            closeEach2D $"{what} {name}" bounds[name] expected actual[name]

    /// δ of a gradient after clipping; the scale errs as the norm does.
    let private clippedErrors (step: DenseStepResult) (bounds: StepBounds) =
        let scale = DenseStep.clipScale step.GradientNorm
        let relative = bounds.GradientNorm * DenseAlgebra.reciprocal step.GradientNorm

        (step.Gradient, bounds.Gradient)
        ||> DenseParameters.map2 (fun g bound -> scale * (bound + relative * abs g))

    /// Bound on the error of one update u, where δ bounds the errors of the clipped gradients so
    /// far. |u| stays below 1.05 in the first three steps (Cauchy–Schwarz on the weights of m̂ and
    /// v̂).
    let private updateError delta u s =
        let most = 2.1

        if delta = 0.0 then 0.0
        elif s + DenseStep.Epsilon <= delta then most
        else min most (delta * (1.0 + abs u) / (s + DenseStep.Epsilon - delta))

    /// Bounds on the errors that one step at rate `lr` adds to the weights.
    let private stepErrors
        (training: TrainingSpec)
        lr
        (deltas: DenseParameters)
        (state: DenseState)
        =
        let correct beta moment =
            moment / (1.0 - beta ** float state.Step)

        let root = DenseParameters.map (correct training.AdamBeta2 >> sqrt) state.V

        let update =
            DenseParameters.map2
                (fun m s -> correct training.AdamBeta1 m / (s + DenseStep.Epsilon))
                state.M
                root

        let updateErrors name delta =
            let (u: float[,]), (s: float[,]) = update[name], root[name]
            delta |> Array2D.mapi (fun i j delta -> updateError delta u[i, j] s[i, j])

        let arithmetic =
            DenseParameters.map2
                (fun u w -> RoundingErrors.rounding * 2.0 * (lr * abs u + abs w))
                update
                state.Parameters

        DenseParameters.map2 (fun e a -> lr * e + a) (Map.map updateErrors deltas) arithmetic

    /// Bounds on the errors of the weights after these dense steps, each taken at rate `lr`.
    let weightErrors training lr (steps: (DenseStepResult * StepBounds) list) : DenseParameters =
        let nothing = DenseParameters.zeros (fst steps.Head).Gradient

        steps
        |> List.fold
            (fun (deltas, errors) (step, bounds) ->
                let deltas = DenseParameters.map2 max deltas (clippedErrors step bounds)
                deltas, DenseParameters.add errors (stepErrors training lr deltas step.State))
            (nothing, nothing)
        |> snd
