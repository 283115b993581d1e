namespace SynthSae.Compute.Ops

open SynthSae.Compute
open SynthSae.Compute.Cuda

/// Matching pursuit on a GPU with one decoder, for batches of up to `batch` samples and `most` iterations.
[<Sealed>]
type PursuitCuda(library: GemmLibrary, decoder: DeviceMatrix, batch: int, most: int) =
    /// Above this many latents the Gram matrix would need more than 1 GiB.
    static let mostLatents = 16384

    /// Floats of the gradients' rows that are kept at a time, unless one sample has more.
    static let mostElements = 64_000_000L

    let gpu = library.Gpu
    let latents, dim = decoder.Rows, decoder.Cols
    let hasGram = latents <= mostLatents
    let gram = DeviceMatrix(gpu, (if hasGram then latents else 0), latents)
    let largest = new DeviceArray<float>(gpu, 1)
    let residual = DeviceMatrix(gpu, batch, dim)
    let scores = DeviceMatrix(gpu, batch, latents)
    let goesOn = new DeviceArray<int>(gpu, batch)
    let path = DeviceCodes(gpu, latents, batch, most)
    let slot = new DeviceArray<int>(gpu, path.Capacity)
    let room = min most latents
    let none = new DeviceArray<float32>(gpu, 0)

    // Scores beside the residual, where a block can have so much.
    let isStaged = 4 * (latents + dim) <= min gpu.Info.SharedMemory (160 * 1024)
    let shared = 4 * (if isStaged then latents + dim else dim)

    let times m =
        GemmCuda(library, GemmShape.plain false true m latents dim)

    let ofDecoder = if hasGram then Some(times latents) else None
    let ofResidual = times batch

    let iterate (limits: PursuitLimits) (limit: DeviceScalar<int>) rows iterations =
        gpu.Launch(
            "pursuit_iterate",
            struct (rows, 1),
            256,
            shared,
            [ decoder.Arg
              gram.Arg
              largest.Arg
              residual.Arg
              scores.Arg
              Arg.Of latents
              Arg.Of dim
              Arg.Of(if isStaged then 1 else 0)
              Arg.Of(iterations: int)
              limit.Arg
              Arg.Of(float32 limits.ResidualThreshold)
              Arg.Of(if limits.StopOnDuplicateSupport then 1 else 0)
              path.Count.Arg
              path.Index.Arg
              path.Value.Arg
              Arg.Of path.Stride
              goesOn.Arg ]
        )

    /// Samples whose rows are kept at a time.
    let together = max 1 (min batch (int (mostElements / (int64 room * int64 dim))))

    // Only training needs them.
    let rows = lazy DeviceMatrix(gpu, together * room, dim)
    let nus = lazy DeviceMatrix(gpu, batch, dim)

    /// The choices of the last batch in the order in which they were made.
    member _.Path = path

    /// ν_0 of each sample (B, D) after `Backward`.
    member _.Nus = nus.Value

    /// Codes with room for what a sample's pursuit may choose.
    member _.CreateCodes() = DeviceCodes(gpu, latents, batch, room)

    /// The decoder has other values than at the last batch.
    member _.DecoderChanged() =
        match ofDecoder with
        | Some product ->
            product.Run(decoder, decoder, none, gram)

            gpu.Launch("pursuit_largest_norm", 1, 1024, [ gram.Arg; Arg.Of latents; largest.Arg ])
        | None -> ()

    /// Path and codes of x' (B, D), with at most `limit` iterations; `codes` are of `CreateCodes`.
    member _.Encode
        (limits: PursuitLimits, limit: DeviceScalar<int>, centred: DeviceMatrix, codes: DeviceCodes)
        =
        if codes.Stride <> room then
            invalidArg
                (nameof codes)
                $"have room for {codes.Stride} latents in a sample, not {room}"

        let count = centred.Rows
        let residual, scores = residual.Top count, scores.Top count

        gpu.Launch(
            "pursuit_begin",
            count,
            256,
            [ centred.Arg; residual.Arg; path.Count.Arg; goesOn.Arg; Arg.Of dim ]
        )

        let score () =
            ofResidual.Run(residual, decoder, none, scores)

        if hasGram then
            score ()
            iterate limits limit count most
        else
            for _ in 1..most do
                score ()
                iterate limits limit count 1

        gpu.Launch(
            "pursuit_merge",
            count,
            128,
            [ path.Count.Arg
              path.Index.Arg
              path.Value.Arg
              Arg.Of path.Stride
              Arg.Of room
              slot.Arg
              codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg ]
        )

    /// Gradients of the last batch by the decoder, written, and ν_0; `error` (B, D) times `factor` is the gradient by x̂,
    /// `lists` are those of the codes.
    member _.Backward
        (
            centred: DeviceMatrix,
            error: DeviceMatrix,
            factor: DeviceScalar<float32>,
            lists: DeviceLists,
            gradient: DeviceMatrix
        ) =
        for first in 0..together .. centred.Rows - 1 do
            let count = min together (centred.Rows - first)

            gpu.Launch(
                "pursuit_rows",
                struct (count, 1),
                256,
                8 * dim,
                [ decoder.Arg
                  centred.Arg
                  error.Arg
                  factor.Arg
                  path.Count.Arg
                  path.Index.Arg
                  path.Value.Arg
                  slot.Arg
                  Arg.Of path.Stride
                  Arg.Of room
                  Arg.Of dim
                  Arg.Of first
                  rows.Value.Arg
                  nus.Value.Arg ]
            )

            gpu.Launch(
                "pursuit_gather",
                latents,
                256,
                [ rows.Value.Arg
                  lists.Start.Arg
                  lists.Sample.Arg
                  lists.Entry.Arg
                  Arg.Of room
                  Arg.Of dim
                  Arg.Of first
                  Arg.Of count
                  Arg.Of(if first > 0 then 1 else 0)
                  gradient.Arg ]
            )
