namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

module EncodeCuda =
    /// What the encoder reads of x (B, D): x times `factor` (absent: an empty array's), less `bias` (D; empty for none).
    /// Written where it is not empty: `scaled` (B, D) before the bias is taken off, `centred` (B, D) after it, and
    /// `low` (B, D) the same in bf16. One launch.
    let centre
        (gpu: Gpu)
        (factor: DeviceScalar<float32>)
        (bias: DeviceArray<float32>)
        (x: DeviceMatrix)
        (scaled: DeviceMatrix)
        (centred: DeviceMatrix)
        (low: DeviceArray<uint16>)
        =
        gpu.Launch(
            "encode_centre",
            x.Rows,
            (if x.Cols <= 512 then 128 else 256),
            [ factor.Arg; bias.Arg; x.Arg; scaled.Arg; centred.Arg; low.Arg; Arg.Of x.Cols ]
        )
