namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

/// `Refine` on a GPU.
module RefineCuda =
    /// x' + η·(x' − reconstruction), written over the reconstruction. The same bits as `Refine.input`.
    let input (gpu: Gpu) (eta: float) (centred: DeviceMatrix) (reconstruction: DeviceMatrix) =
        let size = int64 centred.Rows * int64 centred.Cols

        gpu.Launch(
            "refine_input",
            int ((size + 1023L) / 1024L),
            256,
            [ Arg.Of(float32 (1.0 + eta))
              Arg.Of(float32 -eta)
              centred.Arg
              reconstruction.Arg
              Arg.Of size ]
        )
