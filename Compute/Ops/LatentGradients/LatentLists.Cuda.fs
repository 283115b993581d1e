namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

/// Transposes sparse batches of up to so many rows. A latent occurs at most once in a row.
[<Sealed>]
type LatentListsCuda(gpu: Gpu, latents: int, rows: int) =
    // As in the kernels' source.
    static let block = 256
    static let ofBlock = block / 32

    let words = (rows + 31) / 32
    let groups = (latents + ofBlock - 1) / ofBlock

    // Zeros between calls.
    let marks =
        let array = new DeviceArray<uint32>(gpu, int64 latents * int64 words)
        array.Clear()
        array

    let counts = DeviceArray.zeros<uint32> gpu groups
    let ticket = DeviceArray.zeros<uint32> gpu 1

    /// Transpose the first rows of a batch. Two launches.
    member _.Fill(codes: DeviceCodes, rows: int, lists: DeviceLists) =
        if (rows + 31) / 32 > words || rows > codes.Rows then
            invalidArg (nameof rows) $"{rows} rows"

        gpu.Launch(
            "lists_mark",
            (rows + ofBlock - 1) / ofBlock,
            block,
            [ codes.Count.Arg
              codes.Index.Arg
              Arg.Of codes.Stride
              Arg.Of rows
              marks.Arg
              Arg.Of words
              counts.Arg ]
        )

        gpu.Launch(
            "lists_expand",
            groups,
            block,
            [ codes.Count.Arg
              codes.Index.Arg
              Arg.Of codes.Stride
              Arg.Of rows
              Arg.Of latents
              marks.Arg
              Arg.Of words
              counts.Arg
              ticket.Arg
              lists.Start.Arg
              lists.Sample.Arg
              lists.Entry.Arg ]
        )
