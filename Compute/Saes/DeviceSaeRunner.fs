namespace SynthSae.Compute

open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// Encodes and decodes batches of up to `rows` samples with one SAE on a GPU, where samples, codes and reconstructions
/// stay: see `SaeRunner`. Products are in float32.
[<Sealed>]
type DeviceSaeRunner(library: GemmLibrary, inference: Inference, rows: int) =
    let gpu, sae = library.Gpu, inference.Sae
    let latents, dim = sae.Latents, sae.Dim
    let scales = sae.Scaling <> InputScaling.None
    let pursues = sae.Activation.IsPursuit
    let vector (values: float32[]) = DeviceArray.ofArray gpu values

    let matrixIf wanted cols =
        DeviceMatrix(gpu, (if wanted then rows else 0), cols)

    let none = vector [||]
    let noMatrix = DeviceMatrix(gpu, 0, dim)
    let noWords = new DeviceArray<uint16>(gpu, 0)

    let encoder, decoder =
        DeviceMatrix.ofMatrix gpu sae.Encoder, DeviceMatrix.ofMatrix gpu sae.Decoder

    let encoderBias, decoderBias = vector sae.EncoderBias, vector sae.DecoderBias
    let scale = vector (Select.scale sae)
    let outputBias = if sae.AddsDecoderBias then decoderBias else none
    let centred = matrixIf sae.ApplyDecoderBiasToInput dim
    let scaled = matrixIf scales dim
    let shifts = new DeviceArray<float32>(gpu, (if scales then rows else 0))
    let factors = new DeviceArray<float32>(gpu, (if scales then rows else 0))
    let pre = matrixIf (not pursues) latents

    let createCodes activation =
        DeviceSelection.CreateCodes(gpu, activation, latents, rows)

    let multiply = lazy GemmCuda(library, GemmShape.encoder Precision.Fp32 rows latents dim)

    let selection = lazy DeviceSelection(gpu, sae, sae.Activation, scale, rows)

    /// What is there for a correction of the input.
    let refinement =
        sae.Refinement
        |> Option.map (fun refinement ->
            {| Eta = refinement.Eta
               Select = DeviceSelection(gpu, sae, refinement.First, scale, rows)
               Codes = createCodes refinement.First
               Residual = DeviceMatrix(gpu, rows, dim) |})

    let pursuit =
        lazy
            (let limits = Pursuit.limits sae
             let pursuit = PursuitCuda(library, decoder, rows, limits.MaxIterations)
             pursuit.DecoderChanged()
             struct (pursuit, limits, DeviceScalar.ofValue gpu limits.MaxIterations))

    // What pruning needs.
    let norms = lazy vector (Prune.norms sae.Decoder)

    let scoredBias =
        lazy vector (if sae.AddsDecoderBias then sae.DecoderBias else Array.zeroCreate dim)

    let mutable scores = none

    let scaleInput (x: DeviceMatrix) =
        if scales then
            let scaled = scaled.Top x.Rows
            InputScaleCuda.apply gpu sae.Scaling x scaled noMatrix shifts factors
            scaled
        else
            x

    let centre (input: DeviceMatrix) =
        if sae.ApplyDecoderBiasToInput then
            let centred = centred.Top input.Rows
            let factor = DeviceScalar.at 0 none
            EncodeCuda.centre gpu factor decoderBias input noMatrix centred noWords
            centred
        else
            input

    let encode (input: DeviceMatrix) =
        let pre = pre.Top input.Rows
        multiply.Value.Run(input, encoder, encoderBias, pre)
        pre

    /// x' + η·(x' − what the first selection reconstructs of it).
    let refine (input: DeviceMatrix) =
        match refinement with
        | None -> input
        | Some first ->
            let residual = first.Residual.Top input.Rows
            first.Select.Apply(encode input, first.Codes)
            DecodeCodesCuda.run gpu first.Codes decoder none residual
            RefineCuda.input gpu first.Eta input residual
            residual

    let pursue (input: DeviceMatrix) (codes: DeviceCodes) =
        let struct (pursuit, limits, most) = pursuit.Value
        pursuit.Encode(limits, most, input, codes)

    /// Latents before pruning.
    let select (x: DeviceMatrix) (codes: DeviceCodes) =
        let input = centre (scaleInput x)

        if pursues then
            pursue input codes
        else
            selection.Value.Apply(encode (refine input), codes)

    let score (x: DeviceMatrix) (codes: DeviceCodes) =
        if scores.Length < codes.Capacity then
            scores <- new DeviceArray<float32>(gpu, codes.Capacity)

        let input = if scales then scaled.Top x.Rows else x
        PruneCuda.scores gpu input codes decoder scoredBias.Value norms.Value factors scores
        scores

    /// With products by cuBLASLt where that can be had.
    new(gpu, inference, rows) = DeviceSaeRunner(GemmLibrary.Open gpu, inference, rows)

    /// The SAE in use.
    member _.Sae = sae

    /// The most samples of a batch.
    member _.Rows = rows

    /// Codes with room for the latents of a batch.
    member _.CreateCodes() = createCodes sae.Activation

    /// Latents of x (B, D), that pruning leaves, in codes that `CreateCodes` made.
    member _.Encode(x: DeviceMatrix, codes: DeviceCodes) =
        select x codes

        match inference.PruneBelow with
        | None -> ()
        | Some threshold -> PruneCuda.keep gpu x.Rows codes (score x codes) threshold codes

    /// Leave-one-out scores z (see `Prune`) of the codes of x (B, D), the batch that was encoded last: by entry, in units
    /// of x; until the next call.
    member _.Scores(x: DeviceMatrix, codes: DeviceCodes) : DeviceArray<float32> = score x codes

    /// x̂ (B, D) = codes · W_dec + b_dec, of the batch that was encoded last.
    member _.Decode(codes: DeviceCodes, reconstruction: DeviceMatrix) =
        DecodeCodesCuda.run gpu codes decoder outputBias reconstruction

        if scales then
            InputScaleCuda.undo gpu shifts factors reconstruction

/// `DeviceSaeRunner` for batches that lie in the host's memory, of any size.
[<Sealed>]
type StagedSaeRunner(gpu: Gpu, inference: Inference) =
    let dim = inference.Sae.Dim
    let library = lazy GemmLibrary.Open gpu
    let mutable runner: DeviceSaeRunner option = None
    let mutable codes: DeviceCodes option = None
    let mutable samples = DeviceMatrix(gpu, 0, dim)

    let runnerFor rows =
        match runner with
        | Some runner when rows <= runner.Rows -> runner
        | _ ->
            let larger = DeviceSaeRunner(library.Value, inference, rows)
            runner <- Some larger
            codes <- Some(larger.CreateCodes())
            samples <- DeviceMatrix(gpu, rows, dim)
            larger

    let upload (x: Matrix) =
        let device = samples.Top x.Rows
        device.Upload x
        device

    /// The host's codes, where there is room for them.
    let stage (source: Codes) =
        let most =
            Seq.init source.Rows (fun row -> source.RowStart[row + 1] - source.RowStart[row])
            |> Seq.fold max 0

        if most > codes.Value.Stride then
            codes <- Some(DeviceCodes(gpu, source.Width, codes.Value.Rows, source.Width))

        codes.Value.OfCodes source
        codes.Value

    /// See `SaeRunner.Encode`.
    member _.Encode(x: Matrix, target: Codes) =
        let runner = runnerFor x.Rows
        runner.Encode(upload x, codes.Value)
        codes.Value.ToCodes(x.Rows, target)

    /// See `SaeRunner.Scores`.
    member _.Scores(x: Matrix, source: Codes) : float32[] =
        let runner = runnerFor x.Rows
        let staged = stage source
        let scores = runner.Scores(upload x, staged).Download()

        [| for row in 0 .. source.Rows - 1 do
               for i in 0 .. source.RowStart[row + 1] - source.RowStart[row] - 1 do
                   scores[row * staged.Stride + i] |]

    /// See `SaeRunner.Decode`.
    member _.Decode(source: Codes, reconstruction: Matrix) =
        let runner = runnerFor reconstruction.Rows
        let device = samples.Top reconstruction.Rows
        runner.Decode(stage source, device)
        device.Download reconstruction
