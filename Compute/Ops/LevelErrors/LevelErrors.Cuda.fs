namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

module LevelErrorsCuda =
    /// e_m and its squared norms; `level` (L) is the level of each latent, `bias` b_dec or empty for 0.
    let run
        (gpu: Gpu)
        (decoder: DeviceMatrix)
        (bias: DeviceArray<float32>)
        (codes: DeviceCodes)
        (level: DeviceArray<int>)
        (x: DeviceMatrix)
        (errors: DeviceMatrix)
        (squares: DeviceArray<float>)
        =
        gpu.Launch(
            "level_errors",
            x.Rows,
            DeviceMatrix.threadsOfRow x.Cols,
            [ codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg
              decoder.Arg
              bias.Arg
              level.Arg
              x.Arg
              errors.Arg
              squares.Arg
              Arg.Of codes.Stride
              Arg.Of(errors.Rows / max 1 x.Rows)
              Arg.Of x.Rows
              Arg.Of x.Cols ]
        )

    /// What the latents of each level see, from the errors; `weights` has one number for each level.
    let gradients
        (gpu: Gpu)
        (weights: DeviceArray<float32>)
        (detached: bool)
        (errors: DeviceMatrix)
        (seen: DeviceMatrix)
        =
        let levels = int weights.Length
        let between = int64 (errors.Rows / levels) * int64 errors.Cols
        let threads = if between % 4L = 0L then between / 4L else between

        gpu.Launch(
            "level_errors_gradients",
            int ((threads + 255L) / 256L),
            256,
            [ weights.Arg
              errors.Arg
              seen.Arg
              Arg.Of between
              Arg.Of levels
              Arg.Of(if detached then 1 else 0) ]
        )
