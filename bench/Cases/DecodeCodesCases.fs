namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module DecodeCodesCases =
    /// 2·n·ε·(|bias| + Σ|c·v|), the contract's tolerance; a number without entries is the bias.
    let allowed (codes: Codes) (rows: Matrix) (bias: float32[]) sample column =
        let mutable size = abs (float bias[column])
        let index, value = codes.RowIndex(sample).ToArray(), codes.RowValue(sample).ToArray()

        for i in 0 .. index.Length - 1 do
            size <- size + abs (float value[i] * float rows[index[i], column])

        2.0 * float index.Length * 2.0 ** -24.0 * size

    let private case name counts width dim hasBias =
        { Op = "DecodeCodes"
          Name = name
          Run =
            fun gpu ->
                let codes = Inputs.codes 3 width counts
                let rows = Inputs.normal 4 width dim

                let bias = if hasBias then Inputs.normals 5 dim else Array.zeroCreate dim

                let target = Inputs.normal 6 counts.Length dim

                let plain, fast = Matrix(counts.Length, dim), Matrix(counts.Length, dim)

                DecodeCodesReference.run codes rows bias plain
                DecodeCodesCpu.run 1 codes rows bias fast

                // More room than samples, and a bias of length 0 for none.
                let onDevice = DeviceInputs.codes gpu (DeviceInputs.roomFor codes) codes
                let deviceRows = DeviceMatrix.ofMatrix gpu rows
                let deviceBias = DeviceArray.ofArray gpu (if hasBias then bias else [||])
                let x = DeviceMatrix(gpu, counts.Length + 1, dim)
                let errors = DeviceMatrix(gpu, counts.Length, dim)
                use squares = new DeviceArray<float>(gpu, counts.Length)
                DecodeCodesCuda.run gpu onDevice deviceRows deviceBias (x.Top counts.Length)

                // The same entries with values of their own.
                let values = new DeviceArray<float32>(gpu, onDevice.Capacity)
                values.CopyFrom onDevice.Value
                onDevice.Value.Clear()

                DecodeCodesCuda.errors
                    gpu
                    (onDevice.WithValues values)
                    deviceRows
                    deviceBias
                    (DeviceMatrix.ofMatrix gpu target)
                    errors
                    squares

                let decoded = x.Top(counts.Length).ToMatrix()
                let cpuSquares = Array.zeroCreate counts.Length
                let cpuErrors = Matrix.copy fast
                ResidualReference.run target cpuErrors cpuSquares

                Agreement.all
                    [ Agreement.matrix "x" (allowed codes rows bias) plain decoded
                      Agreement.bits "x" (fast.Span.ToArray()) (decoded.Span.ToArray())
                      Agreement.bits
                          "errors"
                          (cpuErrors.Span.ToArray())
                          (errors.ToMatrix().Span.ToArray())
                      for row, actual in Array.indexed (squares.Download()) do
                          let expected = cpuSquares[row]
                          let rounding = float dim * 2.0 ** -52.0 * expected
                          Agreement.number $"squares[{row}]" rounding expected actual ] }

    /// Cases of the op.
    let cases =
        [ case "one of each" [| 1 |] 1 1 true
          case "one column" [| 3; 0; 5 |] 7 1 true
          case "odd sizes, empty rows" [| 0; 1; 8; 9; 0; 31; 16; 0 |] 50 77 true
          case "columns in fours, no bias" [| 7; 0; 15; 33 |] 40 96 false
          case "more columns than threads" [| 5; 12 |] 20 1100 true
          case "more odd columns than threads" [| 5; 12 |] 20 523 false
          case "more entries than are staged" [| 600; 0; 257 |] 600 36 true
          case "no rows" [||] 5 8 true ]

    let private dim = 768
    let private batch = 1024

    let private timing name width entries matrices (run: Gpu -> (unit -> unit)) =
        { Op = "DecodeCodes"
          Name = name
          Bytes = 4.0 * float dim * float (width + matrices * batch) + 8.0 * float (batch * entries)
          Flops = 0.0
          Prepare = run }

    let private inputs gpu width entries =
        let codes = DeviceInputs.codes gpu entries (DeviceInputs.skewed 1 width batch entries)
        let rows = DeviceMatrix.ofMatrix gpu (Inputs.normal 4 width dim)
        let bias = DeviceArray.ofArray gpu (Inputs.normals 5 dim)
        struct (codes, rows, bias, DeviceMatrix(gpu, batch, dim))

    /// What the GPU benchmark times.
    let timings =
        [ timing "34 features of 16384" 16384 34 1 (fun gpu ->
              let struct (codes, rows, bias, x) = inputs gpu 16384 34
              fun () -> DecodeCodesCuda.run gpu codes rows bias x)
          timing "errors, 25 latents of 4096" 4096 25 2 (fun gpu ->
              let struct (codes, rows, bias, x) = inputs gpu 4096 25
              let target = DeviceMatrix.ofMatrix gpu (Inputs.normal 6 batch dim)
              let squares = new DeviceArray<float>(gpu, batch)
              fun () -> DecodeCodesCuda.errors gpu codes rows bias target x squares) ]
