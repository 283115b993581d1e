namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module LevelErrorsCases =
    let private epsilon = 2.0 ** -24.0

    let private sae latents dim =
        Sae.create
            (Matrix(0, dim))
            (Inputs.normal 4 latents dim)
            [||]
            (Inputs.normals 5 dim)
            Activation.Relu

    /// Sums of the absolute values that go into e_m: entries, and what they begin with.
    let private sizes (sae: Sae) (codes: Codes) (x: Matrix) row column =
        let index, value = codes.RowIndex(row).ToArray(), codes.RowValue(row).ToArray()
        let start = abs (float sae.DecoderBias[column]) + abs (float x[row, column])

        (start, Array.zip index value)
        ||> Array.fold (fun sum (j, a) -> sum + abs (float a * float sae.Decoder[j, column]))

    let private bits name (expected: Matrix) (actual: DeviceMatrix) =
        Agreement.bits name (expected.Span.ToArray()) (actual.ToMatrix().Span.ToArray())

    /// What the latents see: 2·ε for each of the levels' terms.
    let private seen gpu (errors: Matrix) (device: DeviceMatrix) (weights: float[]) detached =
        let plain, fast = Matrix(errors.Rows, errors.Cols), Matrix(errors.Rows, errors.Cols)

        LevelErrorsReference.gradients weights detached errors plain
        LevelErrorsCpu.gradients 1 weights detached errors fast
        let result = DeviceMatrix(gpu, errors.Rows, errors.Cols)
        let deviceWeights = DeviceArray.ofArray gpu (Array.map float32 weights)
        LevelErrorsCuda.gradients gpu deviceWeights detached device result
        let batch = errors.Rows / weights.Length

        let allowed row column =
            let terms =
                weights
                |> Array.mapi (fun m w -> w * abs (float errors[m * batch + row % batch, column]))

            2.0 * epsilon * float (weights.Length + 1) * Array.sum terms

        Agreement.all
            [ Agreement.matrix $"seen, detached {detached}" allowed plain (result.ToMatrix())
              bits $"seen, detached {detached}" fast result ]

    let private case name counts latents dim levels =
        { Op = "LevelErrors"
          Name = name
          Run =
            fun gpu ->
                let codes = Inputs.codes 3 latents counts
                let sae = sae latents dim
                let batch = counts.Length
                let x = Inputs.normal 7 batch dim
                let level = Array.init latents (fun j -> (7 * j + 3) % levels)

                let plain, fast = Matrix(levels * batch, dim), Matrix(levels * batch, dim)
                let squares, fastSquares = Array.zeroCreate plain.Rows, Array.zeroCreate plain.Rows
                LevelErrorsReference.run sae codes level x plain squares
                LevelErrorsCpu.run 1 sae codes level x fast fastSquares

                let errors = DeviceMatrix(gpu, plain.Rows, dim)
                use deviceSquares = new DeviceArray<float>(gpu, plain.Rows)

                LevelErrorsCuda.run
                    gpu
                    (DeviceMatrix.ofMatrix gpu sae.Decoder)
                    (DeviceArray.ofArray gpu sae.DecoderBias)
                    (DeviceInputs.codes gpu (DeviceInputs.roomFor codes) codes)
                    (DeviceArray.ofArray gpu level)
                    (DeviceMatrix.ofMatrix gpu x)
                    errors
                    deviceSquares

                let allowed row column =
                    let entries = codes.RowIndex(row % batch).Length
                    2.0 * float (entries + 1) * epsilon * sizes sae codes x (row % batch) column

                let weights = Array.init levels (fun m -> 0.5 + 0.25 * float m)

                Agreement.all
                    [ Agreement.matrix "errors" allowed plain (errors.ToMatrix())
                      bits "errors" fast errors
                      for row, actual in Array.indexed (deviceSquares.Download()) do
                          // (e + δ)² is within 2|e|δ + δ² of e².
                          let rounding =
                              Seq.init dim (fun d ->
                                  let delta = allowed row d
                                  delta * (2.0 * abs (float plain[row, d]) + delta))
                              |> Seq.sum

                          Agreement.number $"squares[{row}]" rounding squares[row] actual
                      for detached in [ false; true ] do
                          seen gpu fast errors weights detached ] }

    /// Cases of the op.
    let cases =
        [ case "one of each" [| 1 |] 1 1 1
          case "odd sizes, empty rows" [| 0; 9; 3; 0; 17; 33 |] 50 77 3
          case "columns in fours" [| 5; 0; 12; 40 |] 60 96 4
          case "one level" [| 6; 2; 9 |] 30 20 1
          case "more levels than latents" [| 2; 3; 1 |] 3 12 5
          case "more entries than threads" [| 100; 40; 0 |] 100 9 2
          case "more columns than threads" [| 7; 3 |] 20 1040 3
          case "no rows" [||] 4 8 1 ]

    let private timing name matrices (run: Gpu -> (unit -> unit)) =
        { Op = "LevelErrors"
          Name = name
          Bytes = 4.0 * 768.0 * float matrices
          Flops = 0.0
          Prepare = run }

    /// What the GPU benchmark times.
    let timings =
        [ timing "errors of 4 levels" (4096 + 5 * 1024) (fun gpu ->
              let codes = DeviceInputs.codes gpu 25 (DeviceInputs.skewed 1 4096 1024 25)
              let sae = sae 4096 768
              let decoder = DeviceMatrix.ofMatrix gpu sae.Decoder
              let bias = DeviceArray.ofArray gpu sae.DecoderBias
              let level = DeviceArray.ofArray gpu (Array.init 4096 (fun j -> j % 4))
              let x = DeviceMatrix.ofMatrix gpu (Inputs.normal 7 1024 768)
              let errors = DeviceMatrix(gpu, 4096, 768)
              let squares = new DeviceArray<float>(gpu, 4096)
              fun () -> LevelErrorsCuda.run gpu decoder bias codes level x errors squares)
          timing "gradients of 4 levels" (8 * 1024) (fun gpu ->
              let weights = DeviceArray.ofArray gpu [| 0.5f; 0.75f; 1.0f; 1.25f |]
              let errors = DeviceMatrix.ofMatrix gpu (Inputs.normal 7 4096 768)
              let seen = DeviceMatrix(gpu, 4096, 768)
              fun () -> LevelErrorsCuda.gradients gpu weights false errors seen) ]
