namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module RefineCases =
    let private case name rows dim =
        { Op = "Encode"
          Name = $"refined input, {name}"
          Run =
            fun gpu ->
                let centred, reconstruction = Inputs.normal 1 rows dim, Inputs.normal 2 rows dim
                let device = DeviceMatrix.ofMatrix gpu reconstruction
                RefineCuda.input gpu 0.3 (DeviceMatrix.ofMatrix gpu centred) device
                Refine.input 0.3 centred reconstruction

                Agreement.bits
                    "refined"
                    (reconstruction.Span.ToArray())
                    (device.ToMatrix().Span.ToArray()) }

    /// Cases of the op.
    let cases =
        [ case "one number" 1 1
          case "odd sizes" 33 77
          case "in fours" 20 96
          case "no rows" 0 8 ]
