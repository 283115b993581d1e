namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// The residual correction of an encoder on a GPU (`Refinement`), and what is learnt through it. The first selection
/// has room for `stride` latents in a sample.
[<Sealed>]
type CudaRefinement
    (
        part: CudaPart,
        encoder: CudaEncoder,
        refinement: Refinement,
        stride: int,
        backward: LatentGradientsCuda
    ) =
    let gpu, batch, dim, latents = part.Gpu, part.Batch, part.Dim, part.Latents
    let parameters, gradients = part.Parameters, part.Gradients
    let select = SelectCuda(gpu, batch, latents)
    let listing = LatentListsCuda(gpu, latents, batch)
    let first = DeviceCodes(gpu, latents, batch, stride)
    let lists = DeviceLists(gpu, latents, first.Capacity)
    let slopes = new DeviceArray<float32>(gpu, first.Capacity)
    let refined = DeviceMatrix(gpu, batch, dim)
    let toInput = DeviceMatrix(gpu, batch, dim)
    let more = DeviceMatrix(gpu, batch, dim)
    let noBlock = new DeviceArray<int>(gpu, 0)
    // The reconstruction of the first selection enters the input with −η.
    let factor = DeviceScalar.ofValue gpu (float32 -refinement.Eta)

    /// The selector of the first selection.
    member _.Select = select

    /// What it keeps.
    member _.First = first

    /// What the encoder reads for the final selection (B, D).
    member _.Refined = refined

    /// After the first selection: pre-activations of the corrected input.
    member _.Correct() =
        DecodeCodesCuda.run gpu first parameters.Decoder part.None refined
        RefineCuda.input gpu refinement.Eta encoder.Centred refined
        encoder.EncodeInstead refined

    /// After all losses have given their slopes, by entry of these codes: what the first selection and the residual learn
    /// from the corrected input, added to the gradients.
    member _.Backward(learning: (DeviceCodes * DeviceArray<float32>) list) =
        learning
        |> List.iteri (fun i (codes, slopes) ->
            let target = if i = 0 then toInput else more
            let rows = codes.WithValues slopes
            DecodeCodesCuda.run gpu rows parameters.Encoder part.None target

            if i > 0 then
                part.Add(toInput, more))

        listing.Fill(first, batch, lists)

        backward.Run(
            parameters.Decoder,
            { Input = encoder.Centred
              Error = toInput
              Block = noBlock
              Factor = factor
              EncoderScale = part.None },
            first,
            lists,
            part.None,
            part.None,
            part.None,
            slopes,
            true,
            gradients.Encoder,
            gradients.Decoder,
            gradients.EncoderBias
        )

    /// What the decoder bias learns from it.
    member _.Outputs: struct (DeviceMatrix * DeviceScalar<float32>) list =
        if part.Sae.ApplyDecoderBiasToInput then [ struct (toInput, factor) ] else []
