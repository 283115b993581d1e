namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

/// `Penalty` with its coefficients in a GPU's memory.
[<RequireQualifiedAccess>]
type DevicePenalty =
    /// λ · mean_b ‖s_b‖_p.
    | Norm of lambda: DeviceScalar<float> * p: float
    /// mean_b Σ_j λ_j s_bj.
    | Weighted of lambda: DeviceArray<float>
    /// λ · mean_b Σ_j tanh(scale·s_bj).
    | Tanh of lambda: DeviceScalar<float> * scale: float

/// Penalties on batches of at most so many rows, with room for so many entries in all.
[<Sealed>]
type SizePenaltyCuda(gpu: Gpu, rows: int, capacity: int64) =
    let slopes = new DeviceArray<float32>(gpu, capacity)
    let losses = new DeviceArray<float>(gpu, rows)

    let arguments penalty =
        match penalty with
        | DevicePenalty.Norm(lambda, p) -> [ Arg.Of 0; lambda.Arg; Arg.Of p ]
        | DevicePenalty.Weighted lambda -> [ Arg.Of 1; lambda.Arg; Arg.Of 0.0 ]
        | DevicePenalty.Tanh(lambda, scale) -> [ Arg.Of 2; lambda.Arg; Arg.Of scale ]

    /// The loss of the first `rows` rows, to `loss`. The slopes are written to `extra` (by entry) and `byNorm` (L) if
    /// this penalty is the `first` of a batch, else added. `norms` (L) are ‖W_dec,j‖, `lists` those of the codes. Two
    /// launches.
    member _.Run
        (
            penalty: DevicePenalty,
            rows: int,
            norms: DeviceArray<float32>,
            codes: DeviceCodes,
            lists: DeviceLists,
            first: bool,
            extra: DeviceArray<float32>,
            byNorm: DeviceArray<float32>,
            loss: DeviceScalar<float>
        ) =
        let isFirst = Arg.Of(if first then 1 else 0)

        gpu.Launch(
            "size_penalty_rows",
            rows,
            128,
            [ yield! arguments penalty
              norms.Arg
              codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg
              Arg.Of codes.Stride
              isFirst
              extra.Arg
              slopes.Arg
              losses.Arg ]
        )

        // One block more: for the loss.
        gpu.Launch(
            "size_penalty_norms",
            (lists.Latents + 7) / 8 + 1,
            256,
            [ codes.Value.Arg
              lists.Start.Arg
              lists.Entry.Arg
              slopes.Arg
              Arg.Of lists.Latents
              isFirst
              byNorm.Arg
              losses.Arg
              Arg.Of rows
              loss.Arg ]
        )
