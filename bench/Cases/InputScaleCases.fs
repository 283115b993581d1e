namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda

module InputScaleCases =
    /// Sums in double differ in their last bits, which may round to a neighbouring float.
    let private near name (expected: Matrix) (actual: DeviceMatrix) =
        Agreement.matrix
            name
            (fun row col -> 1.2e-7 * abs (float expected[row, col]))
            expected
            (actual.ToMatrix())

    let private vector name (expected: float32[]) (actual: DeviceArray<float32>) =
        Agreement.numbers
            name
            (fun i -> 1.2e-7 * abs (float expected[i]))
            expected
            (actual.Download())

    /// x about a mean of 3.
    let private input rows dim =
        let x = Inputs.normal 1 rows dim
        Matrix.init rows dim (fun row col -> 3.0f + x[row, col] * float32 (row + 1))

    let private case scaling name rows dim =
        { Op = "InputScale"
          Name = $"{scaling}: {name}"
          Run =
            fun gpu ->
                let x = input rows dim
                let scaled = Matrix(rows, dim)
                let shifts, factors = Array.zeroCreate rows, Array.zeroCreate rows
                InputScale.apply scaling x scaled shifts factors
                let target = InputScale.target scaling x shifts factors scaled
                let matrix () = DeviceMatrix(gpu, rows, dim)
                let deviceScaled, deviceTarget = matrix (), matrix ()
                use deviceShifts = new DeviceArray<float32>(gpu, rows)
                use deviceFactors = new DeviceArray<float32>(gpu, rows)
                let deviceX = DeviceMatrix.ofMatrix gpu x

                InputScaleCuda.apply
                    gpu
                    scaling
                    deviceX
                    deviceScaled
                    deviceTarget
                    deviceShifts
                    deviceFactors

                let terms =
                    [ vector "shifts" shifts deviceShifts; vector "factors" factors deviceFactors ]

                // The same shifts and factors from here on.
                deviceShifts.Upload shifts
                deviceFactors.Upload factors
                let undone, deviceUndone = Matrix.copy scaled, DeviceMatrix.ofMatrix gpu scaled
                InputScale.undo shifts factors undone
                InputScaleCuda.undo gpu deviceShifts deviceFactors deviceUndone

                // A sample's error twice: at two levels.
                let errors = Inputs.normal 2 (2 * rows) dim
                let deviceErrors = DeviceMatrix.ofMatrix gpu errors
                let squares = Array.init (2 * rows) (fun row -> 1.5 + float row)
                use deviceSquares = DeviceArray.ofArray gpu squares
                InputScaleCuda.weigh gpu rows deviceFactors deviceErrors deviceSquares

                for row in 0 .. 2 * rows - 1 do
                    let factor = factors[row % rows]
                    squares[row] <- float factor * float factor * squares[row]

                    for col in 0 .. dim - 1 do
                        errors[row, col] <- factor * factor * errors[row, col]

                let exact name expected (actual: DeviceMatrix) =
                    Agreement.matrix name (fun _ _ -> 0.0) expected (actual.ToMatrix())

                Agreement.all
                    [ yield! terms
                      near "scaled" scaled deviceScaled
                      // The shift may be the neighbouring float.
                      Agreement.matrix
                          "target"
                          (fun row _ -> 1.2e-7 * float (abs (shifts[row] / factors[row]) + 4.0f))
                          target
                          (deviceTarget.ToMatrix())
                      exact "undone" undone deviceUndone
                      exact "weighed errors" errors deviceErrors
                      for row, actual in Array.indexed (deviceSquares.Download()) do
                          Agreement.number $"weighed squares[{row}]" 0.0 squares[row] actual ] }

    /// Cases of both scalings.
    let cases =
        [ for scaling in [ InputScaling.ConstantNorm; InputScaling.LayerNorm ] do
              case scaling "odd sizes" 33 77
              case scaling "rows longer than a block" 3 1000
              case scaling "two numbers" 1 2 ]
