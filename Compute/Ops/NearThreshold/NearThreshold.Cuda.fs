namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

module NearThresholdCuda =
    /// The entries of pre (B, L), and `near` by entry. The codes have room for L entries in each row.
    let run
        (gpu: Gpu)
        (bandwidth: float32)
        (threshold: DeviceArray<float32>)
        (pre: DeviceMatrix)
        (codes: DeviceCodes)
        (near: DeviceArray<float32>)
        =
        gpu.Launch(
            "near_threshold",
            pre.Rows,
            256,
            [ Arg.Of bandwidth
              threshold.Arg
              pre.Arg
              Arg.Of pre.Cols
              codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg
              Arg.Of codes.Stride
              near.Arg ]
        )
