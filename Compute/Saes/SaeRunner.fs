namespace SynthSae.Compute

open SynthSae.Compute.Ops

/// Encodes and decodes batches with one SAE on a backend, keeping buffers between batches.
[<Sealed>]
type SaeRunner(backend: Backend, sae: Sae) =
    let scale = Select.scale sae

    let selector =
        match backend with
        | Backend.Reference -> None
        | Backend.Cpu threads -> Some(SelectCpu threads)

    let mutable pre = Matrix(0, sae.Latents)

    /// The SAE in use.
    member _.Sae = sae

    /// Latents of x (B, D) as codes: pre-activations of the selected entries (see `Select` on the decoder norm).
    member _.Encode(x: Matrix, codes: Codes) =
        if pre.Rows <> x.Rows then
            pre <- Matrix(x.Rows, sae.Latents)

        match backend, selector with
        | Backend.Cpu threads, Some selector ->
            EncodeCpu.run threads sae x pre
            selector.Run(sae, scale, pre, codes) |> ignore
        | _ ->
            EncodeReference.run sae x pre
            SelectReference.run sae pre codes

    /// x̂ (B, D) = codes · W_dec + b_dec.
    member _.Decode(codes: Codes, reconstruction: Matrix) =
        match backend with
        | Backend.Cpu threads ->
            DecodeCodesCpu.run threads codes sae.Decoder sae.DecoderBias reconstruction
        | Backend.Reference ->
            DecodeCodesReference.run codes sae.Decoder sae.DecoderBias reconstruction
