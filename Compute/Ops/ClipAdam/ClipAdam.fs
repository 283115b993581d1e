namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

/// Adam's constants (reference: `torch.optim.Adam`, eps 1e-8, no weight decay).
type AdamSettings = { Beta1: float; Beta2: float; Epsilon: float }

/// Adam's running means of the gradient and of its square, in the layout of the gradients.
type AdamState =
    {
        /// First moments.
        Mean: Parameters
        /// Second moments.
        Square: Parameters
    }

/// The factors of one Adam step, as every element uses them:
///
///   g' = clip·g;  m ← m + (1−β1)(g' − m);  v ← β2 v + (1−β2) g'²
///   p ← p − rate · m / (√v / rootCorrection + ε)
///
/// with rate = lr/(1−β1ᵗ), rootCorrection = √(1−β2ᵗ), t the number of this step from 1, and
/// clip = min(1, 1/(‖g‖+1e-6)), ‖g‖ the norm over all parameters together (reference:
/// `clip_grad_norm_(…, 1.0)`). Elementwise in float32. Touches 28 bytes per parameter.
[<Struct>]
type AdamStep =
    { Clip: float32
      OneMinusBeta1: float32
      Beta2: float32
      OneMinusBeta2: float32
      Rate: float32
      RootCorrection: float32
      Epsilon: float32 }

module ClipAdam =
    /// The largest gradient norm that is not scaled down.
    [<Literal>]
    let MaxNorm = 1.0

    /// Zero moments for these parameters.
    let create (parameters: Parameters) : AdamState =
        { Mean = Parameters.zeros parameters
          Square = Parameters.zeros parameters }

    /// The factor by which gradients of the given norm are scaled.
    let clip (norm: float) = min 1.0 (MaxNorm / (norm + 1e-6))

    /// The factors of step number `step` (from 1) at a learning rate.
    let factors (settings: AdamSettings) (step: int64) (lr: float) (norm: float) : AdamStep =
        { Clip = float32 (clip norm)
          OneMinusBeta1 = float32 (1.0 - settings.Beta1)
          Beta2 = float32 settings.Beta2
          OneMinusBeta2 = float32 (1.0 - settings.Beta2)
          Rate = float32 (lr / (1.0 - Math.Pow(settings.Beta1, float step)))
          RootCorrection = float32 (Math.Sqrt(1.0 - Math.Pow(settings.Beta2, float step)))
          Epsilon = float32 settings.Epsilon }

    /// One element: new mean, new square, new parameter.
    let inline update
        (f: AdamStep)
        (gradient: float32)
        (mean: byref<float32>)
        (square: byref<float32>)
        (parameter: byref<float32>)
        =
        let g = f.Clip * gradient
        mean <- MathF.FusedMultiplyAdd(f.OneMinusBeta1, g - mean, mean)
        square <- MathF.FusedMultiplyAdd(f.Beta2, square, f.OneMinusBeta2 * (g * g))
        parameter <- parameter - f.Rate * mean / (MathF.Sqrt square / f.RootCorrection + f.Epsilon)
