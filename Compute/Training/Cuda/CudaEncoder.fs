namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// From inputs to pre-activations on a GPU: pre (B, L) = x' W_enc + b_enc, with what the product reads rounded as the
/// run's precision says.
[<Sealed>]
type CudaEncoder(part: CudaPart) =
    let gpu, batch, dim, latents = part.Gpu, part.Batch, part.Dim, part.Latents
    let parameters = part.Parameters
    let centred = DeviceMatrix(gpu, batch, dim)
    let nothing = DeviceMatrix(gpu, 0, dim)
    let pre = DeviceMatrix(gpu, batch, latents)
    let bias = if part.Sae.ApplyDecoderBiasToInput then parameters.DecoderBias else part.None
    let absent = DeviceScalar.at 0 part.None

    let product =
        GemmCuda(part.Gemm, GemmShape.encoder part.Plan.Training.Precision batch latents dim)

    let struct (lowInput, low) = product.Words

    let multiply again (input: DeviceMatrix) =
        if not low.IsEmpty then product.RunWords(batch, parameters.EncoderBias, pre)
        elif again then product.RunAgain(input, parameters.Encoder, parameters.EncoderBias, pre)
        else product.Run(input, parameters.Encoder, parameters.EncoderBias, pre)

    /// W_enc in bf16, to be kept up to date by the step; empty where that is not needed.
    member _.Low = low

    /// x' (B, D) of the last batch.
    member _.Centred = centred

    /// pre (B, L).
    member _.Pre = pre

    /// x' from x (B, D).
    member _.Centre(x: DeviceMatrix) =
        EncodeCuda.centre gpu absent bias x nothing centred lowInput

    /// Pre-activations of x'.
    member _.Encode() = multiply false centred

    /// Pre-activations of what stands in the place of x' (B, D), with the same W_enc.
    member _.EncodeInstead(input: DeviceMatrix) =
        if not low.IsEmpty then
            EncodeCuda.centre gpu absent part.None input nothing nothing lowInput

        multiply true input

    /// W_enc has other values than at the last step.
    member _.Refresh() =
        if not low.IsEmpty then
            EncodeCuda.centre gpu absent part.None parameters.Encoder nothing nothing low
