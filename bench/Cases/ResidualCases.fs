namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module ResidualCases =
    let private case name rows dim =
        { Op = "Residual"
          Name = name
          Run =
            fun gpu ->
                let x, reconstruction = Inputs.normal 1 rows dim, Inputs.normal 2 rows dim
                let deviceX = DeviceMatrix.ofMatrix gpu x
                let device = DeviceMatrix.ofMatrix gpu reconstruction
                use deviceSquares = new DeviceArray<float>(gpu, rows)
                ResidualCuda.run gpu deviceX device deviceSquares
                let squares = Array.zeroCreate rows
                ResidualReference.run x reconstruction squares

                Agreement.all
                    [ Agreement.matrix "error" (fun _ _ -> 0.0) reconstruction (device.ToMatrix())
                      for row, actual in Array.indexed (deviceSquares.Download()) do
                          Agreement.number $"squares[{row}]" 1e-10 squares[row] actual ] }

    /// Cases of the op.
    let cases =
        [ case "one row" 1 96
          case "one column" 5 1
          case "odd sizes" 33 77
          case "rows longer than a block" 3 1000
          case "no rows" 0 8 ]
