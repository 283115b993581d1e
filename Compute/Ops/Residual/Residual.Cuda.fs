namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

module ResidualCuda =
    /// x̂ ← x̂ − x; squares[b] = Σ_d e².
    let run
        (gpu: Gpu)
        (x: DeviceMatrix)
        (reconstruction: DeviceMatrix)
        (squares: DeviceArray<float>)
        =
        gpu.Launch(
            "residual",
            x.Rows,
            128,
            [ x.Arg; reconstruction.Arg; squares.Arg; Arg.Of x.Cols ]
        )
