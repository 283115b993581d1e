namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// The latents of a gated SAE on a GPU (see `GatedLatents`).
[<Sealed>]
type CudaGatedLatents(part: CudaPart) =
    let gpu, batch, dim, latents = part.Gpu, part.Batch, part.Dim, part.Latents
    let parameters, gradients, sae = part.Parameters, part.Gradients, part.Sae
    let encoder = CudaEncoder part
    let select = SelectCuda(gpu, batch, latents)
    let listing = LatentListsCuda(gpu, latents, batch)

    let gate, magnitudes =
        DeviceCodes(gpu, latents, batch, latents), DeviceCodes(gpu, latents, batch, latents)

    let gateLists = DeviceLists(gpu, latents, gate.Capacity)
    let magnitudeLists = DeviceLists(gpu, latents, gate.Capacity)
    let extra = new DeviceArray<float32>(gpu, gate.Capacity)
    let slopes = new DeviceArray<float32>(gpu, gate.Capacity)

    let byNorm, factors =
        new DeviceArray<float32>(gpu, latents), new DeviceArray<float32>(gpu, latents)

    let through = new DeviceArray<float32>(gpu, latents)
    let noBlock = new DeviceArray<int>(gpu, 0)
    let error = DeviceMatrix(gpu, batch, dim)
    let squares = new DeviceArray<float>(gpu, batch)
    let one = DeviceArray.ofArray gpu [| 1.0 |]
    let penalty = SizePenaltyCuda(gpu, batch, gate.Capacity)
    let backward = LatentGradientsCuda(gpu, latents, dim, batch, 2)
    let size = part.Terms.Add LossNames.L1
    let auxiliary = part.Terms.Add LossNames.Auxiliary
    let nothing = part.Zero

    let path error scale : DeviceLatentPath =
        { Input = encoder.Centred
          Error = error
          Block = noBlock
          Factor = part.Factor
          EncoderScale = scale }

    /// The error of the gate's own reconstruction, and its loss.
    let reconstructByGate (reconstruction: CudaReconstruction) =
        DecodeCodesCuda.errors
            gpu
            gate
            parameters.Decoder
            parameters.DecoderBias
            reconstruction.Target
            error
            squares

        if not reconstruction.Back.IsEmpty then
            InputScaleCuda.weigh gpu batch reconstruction.Back error squares

        gpu.Launch(
            "step_mean_squares",
            1,
            256,
            [ squares.Arg; Arg.Of batch; one.Arg; auxiliary.Arg ]
        )

    interface ICudaLatents with
        member _.Forward x =
            encoder.Centre x
            encoder.Encode()

            select.Gated(
                encoder.Pre,
                parameters.EncoderBias,
                parameters.MagnitudeScale,
                parameters.MagnitudeBias,
                gate,
                magnitudes
            )

        member _.Codes = magnitudes
        member _.Smallest = nothing
        member _.FirstSmallest = nothing

        member _.Count fires =
            CudaLatents.count gpu magnitudes batch fires

        member _.Backward(_, reconstruction) =
            reconstructByGate reconstruction
            listing.Fill(gate, batch, gateLists)

            penalty.Run(
                DevicePenalty.Norm(part.Ring.Lambda, 1.0),
                batch,
                part.Norms,
                gate,
                gateLists,
                true,
                extra,
                byNorm,
                size
            )

            backward.Run(
                parameters.Decoder,
                path error part.None,
                gate,
                gateLists,
                part.None,
                extra,
                part.None,
                slopes,
                false,
                gradients.Encoder,
                gradients.Decoder,
                gradients.EncoderBias
            )

            GatedCuda.factors gpu parameters.MagnitudeScale factors
            gradients.MagnitudeBias.Clear()
            listing.Fill(magnitudes, batch, magnitudeLists)

            backward.Run(
                parameters.Decoder,
                path reconstruction.Seen factors,
                magnitudes,
                magnitudeLists,
                part.None,
                part.None,
                part.None,
                slopes,
                true,
                gradients.Encoder,
                gradients.Decoder,
                gradients.MagnitudeBias
            )

            GatedCuda.backward
                gpu
                magnitudes
                magnitudeLists
                slopes
                parameters.MagnitudeBias
                factors
                gradients
                through

            UnitRowsCuda.throughNorms gpu parameters.Decoder part.Norms byNorm gradients.Decoder

            backward.DecoderBias(
                sae.ApplyDecoderBiasToInput,
                parameters.Encoder,
                batch,
                [ struct (reconstruction.Seen, part.Factor); struct (error, part.Factor) ],
                through,
                gradients.DecoderBias
            )

        member _.Low = encoder.Low
        member _.Restart() = encoder.Refresh()
        member _.Refresh() = ()
