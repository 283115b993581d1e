namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

module DecodeCodesCuda =
    /// x = codes · rows + bias, for as many samples as x has rows; an empty bias is 0. The same bits as
    /// `DecodeCodesCpu`.
    let run
        (gpu: Gpu)
        (codes: DeviceCodes)
        (rows: DeviceMatrix)
        (bias: DeviceArray<float32>)
        (x: DeviceMatrix)
        =
        gpu.Launch(
            "decode_codes",
            x.Rows,
            DeviceMatrix.threadsOfRow x.Cols,
            [ codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg
              rows.Arg
              bias.Arg
              x.Arg
              Arg.Of codes.Stride
              Arg.Of x.Cols ]
        )

    /// errors = codes · rows + bias − target; squares[b] = Σ_d errors². What `run` and `Residual` do, in one pass.
    let errors
        (gpu: Gpu)
        (codes: DeviceCodes)
        (rows: DeviceMatrix)
        (bias: DeviceArray<float32>)
        (target: DeviceMatrix)
        (errors: DeviceMatrix)
        (squares: DeviceArray<float>)
        =
        gpu.Launch(
            "decode_codes_errors",
            errors.Rows,
            DeviceMatrix.threadsOfRow errors.Cols,
            [ codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg
              rows.Arg
              bias.Arg
              target.Arg
              errors.Arg
              squares.Arg
              Arg.Of codes.Stride
              Arg.Of errors.Cols ]
        )
