namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// Latents that a selection takes from pre-activations, on a GPU: all architectures but the gated one and matching
/// pursuit (see `LinearLatents`, `LinearEncoder`). A sample has room for `stride` latents; `threshold` (L) are the
/// thresholds that fire, or empty.
[<Sealed>]
type CudaLinearLatents
    (part: CudaPart, stride: int, sparsity: ICudaSparsity, threshold: DeviceArray<float32>) =
    let gpu, batch, dim, latents = part.Gpu, part.Batch, part.Dim, part.Latents
    let parameters, gradients, sae = part.Parameters, part.Gradients, part.Sae
    let encoder = CudaEncoder part
    let scale = if sae.Activation.Rescales then part.Norms else part.None
    let codes = DeviceCodes(gpu, latents, batch, stride)
    let select = SelectCuda(gpu, batch, latents)
    let listing = LatentListsCuda(gpu, latents, batch)
    let lists = DeviceLists(gpu, latents, codes.Capacity)
    let slopes = new DeviceArray<float32>(gpu, codes.Capacity)
    let smallest = DeviceScalar.ofValue gpu 0.0f
    let firstSmallest = DeviceScalar.ofValue gpu 0.0f
    let revival = CudaRevival(part, encoder, select, scale, sae.Refinement.IsSome)
    let backward = LatentGradientsCuda(gpu, latents, dim, batch, 2 + revival.Groups)

    let refinement =
        sae.Refinement
        |> Option.map (fun refinement ->
            refinement, CudaRefinement(part, encoder, refinement, stride, backward))

    let mutable entries = codes

    /// The codes that an activation keeps of the pre-activations.
    let choose activation (select: SelectCuda) (codes: DeviceCodes) kept =
        match activation with
        | Activation.Relu -> select.Positive(encoder.Pre, codes)
        | Activation.JumpRelu _ -> select.Above(encoder.Pre, threshold, codes)
        | Activation.TopK _ -> select.TopK(encoder.Pre, scale, part.Ring.K, false, codes)
        | Activation.AbsTopK _ -> select.TopK(encoder.Pre, scale, part.Ring.K, true, codes)
        | Activation.BatchTopK _ ->
            select.BatchTopK(encoder.Pre, scale, part.Ring.Count, codes, kept)
        | Activation.Gated _
        | Activation.Pursuit _ -> invalidArg (nameof sae) "selects in another way"

    let input () =
        match refinement with
        | Some(_, refinement) -> refinement.Refined
        | None -> encoder.Centred

    interface ICudaLatents with
        member _.Forward x =
            encoder.Centre x
            encoder.Encode()

            match refinement with
            | Some(specified, refinement) ->
                choose specified.First refinement.Select refinement.First firstSmallest
                refinement.Correct()
            | None -> ()

            choose sae.Activation select codes smallest
            entries <- sparsity.Entries(codes, encoder.Pre)
            listing.Fill(entries, batch, lists)

        member _.Codes = codes
        member _.Smallest = smallest
        member _.FirstSmallest = firstSmallest

        member _.Count fires =
            if threshold.IsEmpty then
                CudaLatents.countLists gpu lists fires
            else
                CudaLatents.count gpu codes batch fires

        member _.Backward(x, reconstruction) =
            sparsity.Before(codes, lists)

            backward.Run(
                parameters.Decoder,
                { Input = input ()
                  Error = reconstruction.Seen
                  Block = reconstruction.Level
                  Factor = part.Factor
                  EncoderScale = part.None },
                entries,
                lists,
                sparsity.Gate,
                sparsity.Extra,
                sparsity.ByCode,
                slopes,
                false,
                gradients.Encoder,
                gradients.Decoder,
                gradients.EncoderBias
            )

            sparsity.After(input (), encoder.Pre, lists)
            revival.Run(x, input (), reconstruction)

            match refinement with
            | Some(_, refinement) -> refinement.Backward((entries, slopes) :: revival.Slopes)
            | None -> ()

            let refined =
                refinement |> Option.map (fun (_, r) -> r.Outputs) |> Option.defaultValue []

            backward.DecoderBias(
                sae.ApplyDecoderBiasToInput,
                parameters.Encoder,
                batch,
                struct (reconstruction.Seen, part.Factor) :: revival.Outputs @ refined,
                gradients.EncoderBias,
                gradients.DecoderBias
            )

        member _.Low = encoder.Low
        member _.Restart() = encoder.Refresh()
        member _.Refresh() = sparsity.Refresh()
