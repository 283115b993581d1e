namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops

/// The latents of matching pursuit: forward, and back along the paths of the batch. It has no other loss.
[<Sealed>]
type PursuitLatents(threads: int, sae: Sae, times: StepTimes) =
    let pursuit = PursuitCpu(threads, sae)
    let path = Codes sae.Latents
    let mutable centred = Matrix(0, sae.Dim)
    let mutable outputGradient = Matrix(0, sae.Dim)
    let mutable input = centred

    let reserve rows =
        if centred.Rows <> rows then
            centred <- Matrix(rows, sae.Dim)
            outputGradient <- Matrix(rows, sae.Dim)

    interface ILatents with
        member _.Forward(x, settings, codes) =
            reserve x.Rows

            let limits = Pursuit.limits { sae with Activation = sae.Activation.WithK settings.K }

            StepTimes.encode times (fun () ->
                input <- EncodeCpu.centre threads sae x centred
                pursuit.Encode(limits, input, path, codes))

            0.0f

        member _.FirstSmallest = 0.0f

        member _.Backward(x, _, _, reconstruction, gradients) =
            let errors = reconstruction.Seen
            let factor = 2.0f / float32 x.Rows
            Simd.combine factor errors.Ptr 0.0f errors.Ptr outputGradient.Ptr errors.Length
            gradients.Decoder.Span.Clear()
            System.Array.Clear gradients.DecoderBias
            pursuit.Backward(input, path, outputGradient, gradients.Decoder, gradients.DecoderBias)
            []

        member _.Refresh() = pursuit.DecoderChanged()
