namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// What an SAE reads of batches on a GPU, and what it is to reconstruct: x itself, or x as the SAE scales it.
[<Sealed>]
type CudaInputs(part: CudaPart) =
    let gpu, batch, dim, scaling = part.Gpu, part.Batch, part.Dim, part.Sae.Scaling
    let isScaled = scaling <> InputScaling.None

    let isMultiplied = part.Plan.Sae.Normalization = ActivationNormalization.ExpectedAverage

    let room wanted =
        DeviceMatrix(gpu, (if wanted then batch else 0), dim)

    let perSample () =
        new DeviceArray<float32>(gpu, (if isScaled then batch else 0))

    let nothing, noWords = room false, new DeviceArray<uint16>(gpu, 0)
    let multiplied, scaled = room isMultiplied, room isScaled
    let target = room (scaling = InputScaling.LayerNorm)
    let shifts, back = perSample (), perSample ()
    let factor = DeviceScalar.ofValue gpu 1.0f

    let multiply (x: DeviceMatrix) =
        if isMultiplied then
            EncodeCuda.centre gpu factor part.None x multiplied nothing noWords
            multiplied
        else
            x

    /// Factors from scaled samples back to x (B), or empty.
    member _.Back = back

    /// Multiply all inputs with this.
    member _.Multiply(scale: float) = DeviceScalar.set factor (float32 scale)

    /// What the SAE reads of x (B, D), and what it is to reconstruct.
    member _.Read(x: DeviceMatrix) : struct (DeviceMatrix * DeviceMatrix) =
        let x = multiply x

        if isScaled then
            InputScaleCuda.apply gpu scaling x scaled target shifts back
            struct (scaled, (if target.Rows > 0 then target else scaled))
        else
            struct (x, x)
