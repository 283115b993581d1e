namespace SynthSae.Compute.Cuda

/// The GPUs of the machine.
module Devices =
    let private initialise =
        lazy
            (Library.resolve ()
             DriverApi.cuInit 0u |> Driver.check "cuInit")

    /// Open a GPU by its number.
    let openIndex (index: int) : Gpu =
        initialise.Force()
        Gpu.Open(index, [| 0uy |])
