namespace SynthSae.Compute

open SynthSae.Compute.Ops

/// Encodes and decodes batches with one SAE on a backend, keeping buffers between batches.
[<Sealed>]
type SaeRunner(backend: Backend, sae: Sae) =
    let mutable pre = Matrix(0, sae.Latents)
    let mutable centred = Matrix(0, sae.Dim)

    let encode: Matrix -> Codes -> unit =
        match backend with
        | Backend.Reference ->
            fun x codes ->
                EncodeReference.run sae x pre
                SelectReference.run sae pre codes
        | Backend.Cpu threads ->
            let selector, scale = SelectCpu threads, Select.scale sae

            fun x codes ->
                EncodeCpu.runCentred threads sae (EncodeCpu.centre threads sae x centred) pre
                selector.Run(sae, scale, pre, codes) |> ignore

    /// The SAE in use.
    member _.Sae = sae

    /// Latents of x (B, D) as codes: pre-activations of the selected entries (see `Select` on the decoder norm).
    member _.Encode(x: Matrix, codes: Codes) =
        if pre.Rows <> x.Rows then
            pre <- Matrix(x.Rows, sae.Latents)
            centred <- Matrix(x.Rows, sae.Dim)

        encode x codes

    /// x̂ (B, D) = codes · W_dec + b_dec.
    member _.Decode(codes: Codes, reconstruction: Matrix) =
        match backend with
        | Backend.Reference ->
            DecodeCodesReference.run codes sae.Decoder sae.DecoderBias reconstruction
        | Backend.Cpu threads ->
            DecodeCodesCpu.run threads codes sae.Decoder sae.DecoderBias reconstruction
