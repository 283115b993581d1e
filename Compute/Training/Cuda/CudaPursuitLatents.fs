namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// The latents of matching pursuit on a GPU (see `PursuitLatents`), with up to `most` iterations for each sample.
[<Sealed>]
type CudaPursuitLatents(part: CudaPart, most: int) =
    let gpu, batch, dim, latents = part.Gpu, part.Batch, part.Dim, part.Latents
    let parameters, gradients, sae = part.Parameters, part.Gradients, part.Sae
    let limits = Pursuit.limits sae
    let pursuit = PursuitCuda(part.Gemm, parameters.Decoder, batch, most)
    let codes = pursuit.CreateCodes()
    let listing = LatentListsCuda(gpu, latents, batch)
    let lists = DeviceLists(gpu, latents, codes.Capacity)
    let sums = LatentGradientsCuda(gpu, latents, dim, batch, 1)
    let centred = DeviceMatrix(gpu, batch, dim)
    let nothing = DeviceMatrix(gpu, 0, dim)
    let noLow = new DeviceArray<uint16>(gpu, 0)
    let absent = DeviceScalar.at 0 part.None
    let bias = if sae.ApplyDecoderBiasToInput then parameters.DecoderBias else part.None
    let one = DeviceScalar.ofValue gpu 1.0f

    // Iterations of a step: as scheduled, or always as many as the SAE says.
    let limit =
        if part.Plan.Architecture.K.IsSome then
            part.Ring.K
        else
            DeviceScalar.ofValue gpu limits.MaxIterations

    interface ICudaLatents with
        member _.Forward x =
            EncodeCuda.centre gpu absent bias x nothing centred noLow
            pursuit.Encode(limits, limit, centred, codes)
            listing.Fill(codes, batch, lists)

        member _.Codes = codes
        member _.Smallest = part.Zero
        member _.FirstSmallest = part.Zero
        member _.Count fires = CudaLatents.countLists gpu lists fires

        member _.Backward(_, reconstruction) =
            pursuit.Backward(centred, reconstruction.Seen, part.Factor, lists, gradients.Decoder)

            if sae.ApplyDecoderBiasToInput then
                sums.DecoderBias(
                    false,
                    parameters.Decoder,
                    batch,
                    [ struct (pursuit.Nus, one) ],
                    part.None,
                    gradients.DecoderBias
                )
            else
                gradients.DecoderBias.Clear()

        member _.Low = noLow
        member _.Restart() = ()
        member _.Refresh() = pursuit.DecoderChanged()
