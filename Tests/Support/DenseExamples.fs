namespace SynthSae.Tests

open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Spec

/// Small SAEs whose dense steps are worked out by hand.
module DenseExamples =
    /// No biases, and an encoder that is the decoder's transpose.
    let tied (decoder: float[,]) : DenseParameters =
        let latents, dim = DenseAlgebra.rows decoder, DenseAlgebra.cols decoder

        Map
            [ "W_enc", DenseAlgebra.transpose decoder
              "W_dec", decoder
              "b_enc", Array2D.zeroCreate 1 latents
              "b_dec", Array2D.zeroCreate 1 dim ]

    /// A diagonal matrix.
    let diagonal (values: float list) =
        let width = values.Length
        Array2D.init width width (fun i j -> if i = j then values[i] else 0.0)

    /// Nothing is dead.
    let settings (spec: SaeSpec) =
        StepSettings.start spec 3e-4 (Array.create spec.DSae false)

    let batch (spec: SaeSpec) (p: DenseParameters) (x: float[,]) =
        Dense.trace spec (settings spec) p x

    let forward spec p x = Dense.forward (batch spec p x)

    /// The terms of the loss.
    let losses (batch: DenseBatch) =
        Dense.losses batch (Dense.forward batch) |> Map.map (fun _ (loss: Traced) -> loss.Scalar)

    /// Close to 12 digits.
    let same what (expected: float[,]) (actual: float[,]) =
        let bounds = expected |> Array2D.map (fun value -> 1e-12 * max 1.0 (abs value))
        Agreement.closeEach2D what bounds expected actual
