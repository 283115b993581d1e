namespace SynthSae.Compute.Ops

open SynthSae.Compute
open SynthSae.Compute.Cuda

/// Selection with its scratch memory, for up to so many rows and latents: one for each sequence of batches, whose
/// thresholds it guesses from the batch before. `scale` (L) is what values are compared by, or empty for 1 each.
[<Sealed>]
type SelectCuda(gpu: Gpu, rows: int, latents: int) =
    // As in the kernels' source.
    static let block = 256
    static let rowsOfBlock = block / 32

    // Of a batch's entries near to the threshold; where there are more the kernels do without the list.
    let listed = int (min (1L <<< 15) (int64 rows * int64 latents))
    let state = DeviceArray.zeros<uint32> gpu 8
    let histogram = DeviceArray.zeros<uint32> gpu 4096
    let list = new DeviceArray<uint64>(gpu, listed)
    let threshold = new DeviceArray<uint64>(gpu, 1)

    static let room (codes: DeviceCodes) : Arg list =
        [ codes.Count.Arg; codes.Index.Arg; codes.Value.Arg; Arg.Of codes.Stride ]

    let check (pre: DeviceMatrix) (codes: DeviceCodes) stride =
        if pre.Rows > codes.Rows || codes.Stride < stride then
            let problem = $"({codes.Rows}, {codes.Stride}) entries for ({pre.Rows}, {stride})"
            invalidArg (nameof codes) problem

    /// The `count` largest positive entries of the batch; `smallest` is the least compared value kept, 0 if none. The codes
    /// have room for L entries in each row. Three launches.
    member _.BatchTopK
        (
            pre: DeviceMatrix,
            scale: DeviceArray<float32>,
            count: DeviceScalar<int>,
            codes: DeviceCodes,
            smallest: DeviceScalar<float32>
        ) =
        check pre codes latents
        let groups = (pre.Rows + rowsOfBlock - 1) / rowsOfBlock

        gpu.Launch(
            "select_filter",
            pre.Rows,
            block,
            [ pre.Arg; scale.Arg; Arg.Of pre.Cols ] @ room codes @ [ histogram.Arg; state.Arg ]
        )

        gpu.Launch(
            "select_narrow",
            groups,
            block,
            [ pre.Arg; scale.Arg; count.Arg; Arg.Of pre.Rows; Arg.Of pre.Cols ]
            @ room codes
            @ [ histogram.Arg
                list.Arg
                Arg.Of(int list.Length)
                state.Arg
                threshold.Arg
                smallest.Arg ]
        )

        gpu.Launch(
            "select_prune",
            groups,
            block,
            [ scale.Arg; Arg.Of pre.Rows ] @ room codes @ [ histogram.Arg; threshold.Arg ]
        )

    /// The `k` largest positive entries of each row, or with `absolute` the largest by absolute value, none of them 0. The
    /// codes have room for min(k, L) entries in each row. One launch.
    member _.TopK
        (
            pre: DeviceMatrix,
            scale: DeviceArray<float32>,
            k: DeviceScalar<int>,
            absolute: bool,
            codes: DeviceCodes
        ) =
        check pre codes 0

        gpu.Launch(
            "select_rows",
            pre.Rows,
            block,
            [ pre.Arg; scale.Arg; k.Arg; Arg.Of(if absolute then 1 else 0); Arg.Of pre.Cols ]
            @ room codes
            @ [ state.Arg ]
        )

    /// Every positive entry above its latent's threshold (L). One launch.
    member _.Above(pre: DeviceMatrix, threshold: DeviceArray<float32>, codes: DeviceCodes) =
        check pre codes latents

        gpu.Launch(
            "select_above",
            pre.Rows,
            block,
            [ pre.Arg; threshold.Arg; Arg.Of pre.Cols ] @ room codes
        )

    /// Every positive entry. One launch.
    member select.Positive(pre: DeviceMatrix, codes: DeviceCodes) =
        use none = new DeviceArray<float32>(gpu, 0)
        select.Above(pre, none, codes)

    /// The open gates of a gated SAE, pre > 0, with their pre-activations, and its codes: magnitudes as
    /// `Select.magnitudes` has them, up to the rounding of exp. One launch.
    member _.Gated
        (
            pre: DeviceMatrix,
            encoderBias: DeviceArray<float32>,
            magnitudeScale: DeviceArray<float32>,
            magnitudeBias: DeviceArray<float32>,
            gate: DeviceCodes,
            codes: DeviceCodes
        ) =
        check pre gate latents
        check pre codes latents

        gpu.Launch(
            "select_gated",
            pre.Rows,
            block,
            [ pre.Arg; encoderBias.Arg; magnitudeScale.Arg; magnitudeBias.Arg; Arg.Of pre.Cols ]
            @ room gate
            @ room codes
        )

    /// The min(limit, count) largest compared values of each row, of any sign, or with `absolute` the largest by absolute
    /// value, among the latents indices[0 … count−1], which ascend; ties to the lower latent. The codes hold
    /// pre, also where it is 0. One launch.
    member _.Among
        (
            pre: DeviceMatrix,
            scale: DeviceArray<float32>,
            absolute: bool,
            indices: DeviceArray<int>,
            count: DeviceScalar<int>,
            limit: int,
            codes: DeviceCodes
        ) =
        check pre codes (min limit latents)

        gpu.Launch(
            "select_among",
            pre.Rows,
            block,
            [ pre.Arg
              scale.Arg
              Arg.Of(if absolute then 1 else 0)
              indices.Arg
              count.Arg
              Arg.Of limit
              Arg.Of pre.Cols ]
            @ room codes
        )
