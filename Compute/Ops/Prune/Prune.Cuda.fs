namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

module PruneCuda =
    /// z of every entry of the codes of x (B, D), by entry; where x was divided by a factor for each sample (B),
    /// scores are multiplied by it again: an empty array for none.
    let scores
        (gpu: Gpu)
        (x: DeviceMatrix)
        (codes: DeviceCodes)
        (decoder: DeviceMatrix)
        (bias: DeviceArray<float32>)
        (norms: DeviceArray<float32>)
        (factors: DeviceArray<float32>)
        (scores: DeviceArray<float32>)
        =
        if
            x.Cols <> decoder.Cols
            || codes.Width <> decoder.Rows
            || bias.Length <> int64 decoder.Cols
            || norms.Length <> int64 decoder.Rows
            || scores.Length < codes.Capacity
        then
            invalidArg (nameof scores) "the shapes do not fit"

        gpu.Launch(
            "prune_scores",
            struct (x.Rows, 1),
            256,
            4 * x.Cols,
            [ x.Arg
              codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg
              decoder.Arg
              bias.Arg
              norms.Arg
              factors.Arg
              scores.Arg
              Arg.Of x.Cols
              Arg.Of codes.Stride ]
        )

    /// The entries of the first rows with a score above the threshold; `kept` may be the codes themselves.
    let keep
        (gpu: Gpu)
        (rows: int)
        (codes: DeviceCodes)
        (scores: DeviceArray<float32>)
        (threshold: float32)
        (kept: DeviceCodes)
        =
        if kept.Stride < codes.Stride || kept.Rows < rows then
            invalidArg (nameof kept) $"has no room for {rows} rows of {codes.Stride}"

        gpu.Launch(
            "prune_keep",
            (rows + 7) / 8,
            256,
            [ codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg
              scores.Arg
              kept.Count.Arg
              kept.Index.Arg
              kept.Value.Arg
              Arg.Of rows
              Arg.Of codes.Stride
              Arg.Of kept.Stride
              Arg.Of threshold ]
        )
