namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops

/// The encoder that ends in a selection among pre-activations (all architectures but the gated one and matching
/// pursuit), with a residual correction where the SAE refines: forward, and back from the slopes of its latents.
[<Sealed>]
type LinearEncoder(threads: int, sae: Sae, times: StepTimes) =
    let latents, dim = sae.Latents, sae.Dim
    let product = EncodeAtCpu threads
    let selector, firstSelector = SelectCpu threads, SelectCpu threads
    let first = Codes latents
    let lists, firstLists = LatentLists(), LatentLists()
    let noBias: float32[] = Array.zeroCreate dim
    let slopes = Codes latents

    let mutable pre = Matrix(0, latents)
    let mutable centred = Matrix(0, dim)
    let mutable refined = Matrix(0, dim)
    let mutable residualGradient = Matrix(0, dim)
    let mutable plain = centred
    let mutable input = centred
    let mutable firstSmallest = 0.0f

    let reserve rows =
        if pre.Rows <> rows then
            pre <- Matrix(rows, latents)
            centred <- Matrix(rows, dim)

            if sae.Refinement.IsSome then
                refined <- Matrix(rows, dim)
                residualGradient <- Matrix(rows, dim)

    let encode precision (from: Matrix) =
        StepTimes.encode times (fun () -> product.Run(precision, sae, from, pre))

    let select (selector: SelectCpu) activation scale codes =
        StepTimes.select times (fun () -> selector.Apply(activation, sae, scale, pre, codes))

    let refine eta =
        StepTimes.reconstruct times (fun () ->
            DecodeCodesCpu.run threads first sae.Decoder noBias refined
            Refine.input eta input refined
            input <- refined)

    /// Rows of slopes times encoder rows: what reaches the encoder's input (B, D).
    let throughEncoder (codes: Codes) (auxiliary: (int[] * AuxKResult) list) =
        slopes.Reset(codes.Rows, codes.Count)
        System.Array.Copy(codes.RowStart, slopes.RowStart, codes.Rows + 1)
        System.Array.Copy(codes.Index, slopes.Index, codes.Count)
        lists.SlopesTo slopes.Value
        DecodeCodesCpu.run threads slopes sae.Encoder noBias residualGradient

        for dead, result in auxiliary do
            let rows = Rows.gather sae.Encoder dead
            let part = Matrix(codes.Rows, dim)
            GemmCpu.multiply threads false result.Slopes false rows part
            Simd.addScaled (float32 result.Factor) part.Ptr residualGradient.Ptr part.Length

    /// What the encoder read for the final selection (B, D).
    member _.Input = input

    /// Pre-activations before the final selection (B, L).
    member _.Pre = pre

    /// The least compared value that the first selection kept; 0 without one.
    member _.FirstSmallest = firstSmallest

    /// The lists of the last backward pass.
    member _.Lists = lists

    /// Latents of x (B, D), with the k of the step where there is a number; `scale` is what compared values carry.
    /// Returns the least compared value that the final selection kept.
    member _.Forward(x: Matrix, settings: StepSettings, scale: float32[], codes: Codes) : float32 =
        let k, encode = settings.K, encode settings.Precision
        reserve x.Rows
        plain <- StepTimes.encode times (fun () -> EncodeCpu.centre threads sae x centred)
        input <- plain

        match sae.Refinement with
        | Some refinement ->
            encode input
            firstSmallest <- select firstSelector (refinement.First.WithK k) scale first
            refine refinement.Eta
        | None -> ()

        encode input
        select selector (sae.Activation.WithK k) scale codes

    /// Gradients from the errors that the latents see; `gate` and `extra` as `LatentLists.Fill` takes them.
    /// Encoder, decoder and encoder bias are written.
    member _.Backward
        (
            codes: Codes,
            gate: float32[],
            extra: float32[],
            errors: Matrix,
            block: int[],
            factor: float32,
            gradients: Parameters
        ) =
        lists.Fill(codes, gate, extra)

        let path = { LatentPath.Of(input, errors, factor) with Block = block }

        LatentGradientsCpu.run
            threads
            sae
            path
            lists
            false
            gradients.Encoder
            gradients.Decoder
            gradients.EncoderBias

    /// After all losses have added their slopes (those of dead latents by AuxK, too): what the first selection
    /// and the residual learn from the refined input, added to the gradients. Returns what the decoder bias learns
    /// from it.
    member _.BackwardRefinement
        (codes: Codes, auxiliary: (int[] * AuxKResult) list, gradients: Parameters)
        : struct (Matrix * float) list =
        match sae.Refinement with
        | None -> []
        | Some refinement ->
            throughEncoder codes auxiliary
            firstLists.Fill first
            // The reconstruction of the first selection enters the input with −η.
            let path = LatentPath.Of(plain, residualGradient, float32 -refinement.Eta)

            LatentGradientsCpu.run
                threads
                sae
                path
                firstLists
                true
                gradients.Encoder
                gradients.Decoder
                gradients.EncoderBias

            if sae.ApplyDecoderBiasToInput then
                [ struct (residualGradient, -refinement.Eta) ]
            else
                []
