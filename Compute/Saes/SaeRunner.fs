namespace SynthSae.Compute

open System
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// x' → pre and pre → codes, or x' → codes, on a backend.
type private IEncoder =
    abstract Encode: centred: Matrix * pre: Matrix -> unit
    abstract Select: activation: Activation * pre: Matrix * codes: Codes -> unit
    abstract Pursue: centred: Matrix * codes: Codes -> unit
    abstract Centre: x: Matrix * centred: Matrix -> Matrix
    abstract Decode: codes: Codes * bias: float32[] * reconstruction: Matrix -> unit

/// `SaeRunner` on one kind of machine.
type private ISaeRunner =
    abstract Encode: x: Matrix * codes: Codes -> unit
    abstract Scores: x: Matrix * codes: Codes -> ReadOnlySpan<float32>
    abstract Decode: codes: Codes * reconstruction: Matrix -> unit

[<Sealed>]
type private HostSaeRunner(backend: Backend, inference: Inference) =
    let sae = inference.Sae
    let noBias: float32[] = Array.zeroCreate sae.Dim
    let scale = Select.scale sae

    let pursues = sae.Activation.IsPursuit
    let bias = if sae.AddsDecoderBias then sae.DecoderBias else noBias
    let pruner = lazy Pruner(backend, sae.Decoder, bias)
    let selected = Codes sae.Latents
    let path = Codes sae.Latents
    let mutable pre = Matrix(0, sae.Latents)
    let mutable centred = Matrix(0, sae.Dim)
    let mutable residual = Matrix(0, sae.Dim)
    let mutable scaled = Matrix(0, sae.Dim)
    let mutable shifts: float32[] = [||]
    let mutable factors: float32[] = [||]
    let first = Codes sae.Latents

    let encoder =
        match Backend.hostThreads backend with
        | None ->
            { new IEncoder with
                member _.Centre(x, centred) = EncodeReference.centre sae x centred

                member _.Encode(centred, pre) =
                    EncodeReference.runCentred sae centred pre

                member _.Select(activation, pre, codes) =
                    SelectReference.apply activation sae scale pre codes

                member _.Pursue(centred, codes) =
                    PursuitReference.encode sae (Pursuit.limits sae) centred path codes

                member _.Decode(codes, bias, reconstruction) =
                    DecodeCodesReference.run codes sae.Decoder bias reconstruction }
        | Some threads ->
            let selector = SelectCpu threads
            let pursuit = lazy PursuitCpu(threads, sae)

            { new IEncoder with
                member _.Centre(x, centred) = EncodeCpu.centre threads sae x centred

                member _.Encode(centred, pre) =
                    EncodeCpu.runCentred threads sae centred pre

                member _.Select(activation, pre, codes) =
                    selector.Apply(activation, sae, scale, pre, codes) |> ignore

                member _.Pursue(centred, codes) =
                    pursuit.Value.Encode(Pursuit.limits sae, centred, path, codes)

                member _.Decode(codes, bias, reconstruction) =
                    DecodeCodesCpu.run threads codes sae.Decoder bias reconstruction }

    let reserve rows =
        if centred.Rows <> rows then
            if not pursues then
                pre <- Matrix(rows, sae.Latents)

            centred <- Matrix(rows, sae.Dim)

            if sae.Refinement.IsSome then
                residual <- Matrix(rows, sae.Dim)

            if sae.Scaling <> InputScaling.None then
                scaled <- Matrix(rows, sae.Dim)
                shifts <- Array.zeroCreate rows
                factors <- Array.zeroCreate rows

    let scaleInput (x: Matrix) =
        if sae.Scaling = InputScaling.None then
            x
        else
            InputScale.apply sae.Scaling x scaled shifts factors
            scaled

    /// x' + η·(x' − what the first selection reconstructs of it): its pre-activations are the refined ones.
    let refine refinement (input: Matrix) =
        encoder.Encode(input, pre)
        encoder.Select(refinement.First, pre, first)
        encoder.Decode(first, noBias, residual)
        Refine.input refinement.Eta input residual
        residual

    /// Latents before pruning.
    let select (x: Matrix) (codes: Codes) =
        reserve x.Rows
        let input = encoder.Centre(scaleInput x, centred)

        if pursues then
            encoder.Pursue(input, codes)
        else
            let input =
                match sae.Refinement with
                | Some refinement -> refine refinement input
                | None -> input

            encoder.Encode(input, pre)
            encoder.Select(sae.Activation, pre, codes)

    let score (x: Matrix) (codes: Codes) =
        let input = if sae.Scaling = InputScaling.None then x else scaled
        pruner.Value.Scores(input, factors, codes)

    interface ISaeRunner with
        member _.Encode(x, codes) =
            match inference.PruneBelow with
            | None -> select x codes
            | Some threshold ->
                select x selected
                let _ = score x selected
                pruner.Value.Keep(selected, threshold, codes)

        member _.Scores(x, codes) = score x codes

        member _.Decode(codes, reconstruction) =
            encoder.Decode(codes, bias, reconstruction)

            if sae.Scaling <> InputScaling.None then
                InputScale.undo shifts factors reconstruction

/// What comes and goes on the host, computed on a GPU.
[<Sealed>]
type private GpuSaeRunner(gpu: Gpu, inference: Inference) =
    let runner = StagedSaeRunner(gpu, inference)

    interface ISaeRunner with
        member _.Encode(x, codes) = runner.Encode(x, codes)
        member _.Scores(x, codes) = ReadOnlySpan(runner.Scores(x, codes))
        member _.Decode(codes, reconstruction) = runner.Decode(codes, reconstruction)

/// Encodes and decodes batches with one SAE on a backend, keeping buffers between batches.
[<Sealed>]
type SaeRunner(backend: Backend, inference: Inference) =
    let runner: ISaeRunner =
        match backend with
        | Backend.Cuda(gpu, _) -> GpuSaeRunner(gpu, inference)
        | Backend.Reference
        | Backend.Cpu _ -> HostSaeRunner(backend, inference)

    /// Without pruning.
    new(backend, sae: Sae) = SaeRunner(backend, Inference.plain sae)

    /// The SAE in use.
    member _.Sae = inference.Sae

    /// Latents of x (B, D) as codes: pre-activations of the selected entries (see `Select` on the decoder norm) that
    /// pruning leaves.
    member _.Encode(x: Matrix, codes: Codes) = runner.Encode(x, codes)

    /// Leave-one-out scores z (see `Prune`) of the codes of x (B, D), the batch that was encoded last: in the order
    /// of the codes, in units of x; until the next call.
    member _.Scores(x: Matrix, codes: Codes) : ReadOnlySpan<float32> = runner.Scores(x, codes)

    /// x̂ (B, D) = codes · W_dec + b_dec, of the batch that was encoded last.
    member _.Decode(codes: Codes, reconstruction: Matrix) = runner.Decode(codes, reconstruction)
