namespace SynthSae.Compute

open SynthSae.Compute.Cuda

/// `InputScale` on a GPU; each is one launch.
module InputScaleCuda =
    let private kind scaling =
        match scaling with
        | InputScaling.None -> invalidArg (nameof scaling) "nothing is to be scaled"
        | InputScaling.ConstantNorm -> 1
        | InputScaling.LayerNorm -> 2

    let private rows (gpu: Gpu) name (matrix: DeviceMatrix) arguments =
        Launches.blocks gpu name matrix.Rows 256 (arguments @ [ Arg.Of matrix.Cols ])

    /// Write the scaled batch (B, D), what the output is compared with (B, D; empty where it is not wanted), and each
    /// sample's shift and factor back (B).
    let apply
        (gpu: Gpu)
        scaling
        (x: DeviceMatrix)
        (scaled: DeviceMatrix)
        (target: DeviceMatrix)
        (shifts: DeviceArray<float32>)
        (factors: DeviceArray<float32>)
        =
        rows
            gpu
            "input_scale_apply"
            x
            [ Arg.Of(kind scaling); x.Arg; scaled.Arg; target.Arg; shifts.Arg; factors.Arg ]

    /// Undo it on reconstructions (B, D), in place.
    let undo
        (gpu: Gpu)
        (shifts: DeviceArray<float32>)
        (factors: DeviceArray<float32>)
        (reconstruction: DeviceMatrix)
        =
        rows gpu "input_scale_undo" reconstruction [ shifts.Arg; factors.Arg; reconstruction.Arg ]

    /// Turn errors of the scaled target (rows of `batch` samples in their order, once or more often), and their squared
    /// norms, into what the loss in units of x sees.
    let weigh
        (gpu: Gpu)
        (batch: int)
        (factors: DeviceArray<float32>)
        (errors: DeviceMatrix)
        (squares: DeviceArray<float>)
        =
        rows gpu "input_scale_weigh" errors [ factors.Arg; Arg.Of batch; errors.Arg; squares.Arg ]
