namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops

/// The latents of a gated SAE (REFERENCE §9.7). Two paths share one encoder and one decoder: magnitudes, which
/// reconstruct where the gate is open and teach the encoder through exp(r_mag); and the gate's own pre-activations,
/// which reconstruct once more, without a gate, and are penalised for their size.
[<Sealed>]
type GatedLatents(threads: int, sae: Sae, norms: float32[], times: StepTimes) =
    let latents, dim = sae.Latents, sae.Dim
    let product = EncodeAtCpu threads
    let selector = SelectCpu threads
    let gate = Codes latents
    let gateLists, magnitudeLists = LatentLists(), LatentLists()
    let byNorm: float32[] = Array.zeroCreate latents
    let factors: float32[] = Array.zeroCreate latents
    let through: float32[] = Array.zeroCreate latents

    let scale, bias =
        match sae.Activation with
        | Activation.Gated(scale, bias) -> scale, bias
        | _ -> invalidArg (nameof sae) "is no gated SAE"

    let mutable pre = Matrix(0, latents)
    let mutable centred = Matrix(0, dim)
    let mutable error = Matrix(0, dim)
    let mutable squares: float[] = [||]
    let mutable extra: float32[] = [||]
    let mutable input = centred

    let reserve rows =
        if pre.Rows <> rows then
            pre <- Matrix(rows, latents)
            centred <- Matrix(rows, dim)
            error <- Matrix(rows, dim)
            squares <- Array.zeroCreate rows

    /// The error of the gate's reconstruction, and its loss.
    let reconstructByGate (reconstruction: Reconstruction) =
        DecodeCodesCpu.run threads gate sae.Decoder sae.DecoderBias error
        ResidualCpu.run threads reconstruction.Target error squares
        reconstruction.Weigh(error, squares)
        Residual.meanSquare squares error.Rows

    let penalise (settings: StepSettings) =
        LatentParts.cleared &extra gate.Count
        System.Array.Clear byNorm
        let penalty = Penalty.Norm(settings.Coefficient, 1.0)
        SizePenaltyCpu.run threads penalty norms gate extra byNorm

    /// dLoss/dr_mag: magnitudes without their bias are exp(r)·x'W.
    let magnitudeScale (gradient: float32[]) =
        Threads.ranges threads latents 64 (fun _ first last ->
            for j in first .. last - 1 do
                let mutable sum = 0.0f

                for place in magnitudeLists.Start[j] .. magnitudeLists.Start[j + 1] - 1 do
                    sum <-
                        sum + magnitudeLists.Slope[place] * (magnitudeLists.Value[place] - bias[j])

                gradient[j] <- sum)

    interface ILatents with
        member _.Forward(x, settings, codes) =
            reserve x.Rows

            StepTimes.encode times (fun () ->
                input <- EncodeCpu.centre threads sae x centred
                product.Run(settings.Precision, sae, input, pre))

            StepTimes.select times (fun () ->
                selector.Apply(Activation.Relu, sae, [||], pre, gate) |> ignore
                Codes.copyInto codes gate
                Select.magnitudes sae scale bias codes)

            0.0f

        member _.FirstSmallest = 0.0f

        member _.Backward(x, codes, settings, reconstruction, gradients) =
            let factor = 2.0f / float32 x.Rows
            let auxiliary = reconstructByGate reconstruction
            let size = penalise settings
            gateLists.Fill(gate, [||], extra)

            LatentGradientsCpu.run
                threads
                sae
                (LatentPath.Of(input, error, factor))
                gateLists
                false
                gradients.Encoder
                gradients.Decoder
                gradients.EncoderBias

            for j in 0 .. latents - 1 do
                factors[j] <- System.MathF.Exp scale[j]
                gradients.MagnitudeBias[j] <- 0.0f

            magnitudeLists.Fill codes

            LatentGradientsCpu.run
                threads
                sae
                { LatentPath.Of(input, reconstruction.Seen, factor) with
                    EncoderScale = factors }
                magnitudeLists
                true
                gradients.Encoder
                gradients.Decoder
                gradients.MagnitudeBias

            magnitudeScale gradients.MagnitudeScale
            LatentParts.throughNorms threads sae norms byNorm gradients.Decoder

            for j in 0 .. latents - 1 do
                through[j] <- gradients.EncoderBias[j] + factors[j] * gradients.MagnitudeBias[j]

            let outputs =
                [ struct (reconstruction.Seen, float factor); struct (error, float factor) ]

            LatentGradientsCpu.decoderBias threads sae x.Rows outputs through gradients.DecoderBias

            [ LossNames.L1, size; LossNames.Auxiliary, auxiliary ]

        member _.Refresh() = ()
