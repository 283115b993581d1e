namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Compute.Training
open SynthSae.Spec

module AuxKCases =
    let private start latents dim =
        { LatentGradients.create latents dim with
            Encoder = Inputs.normal 31 latents dim
            Decoder = Inputs.normal 32 latents dim
            EncoderBias = Inputs.normals 33 latents }

    /// The contract's tolerance: in parts of the largest number.
    let private near name (expected: float32[]) actual =
        let largest = expected |> Seq.map (abs >> float) |> Seq.fold max 0.0
        Agreement.numbers name (fun _ -> 1e-5 * largest) expected actual

    let private nearMatrix name (expected: Matrix) (actual: DeviceMatrix) =
        near name (expected.Span.ToArray()) (actual.ToMatrix().Span.ToArray())

    /// The dead latents that take part in each sample.
    let private chosen (sae: Sae) (pre: Matrix) scale (dead: int[]) =
        let rows =
            Array.init pre.Rows (fun row ->
                dead
                |> Array.sortBy (fun j ->
                    struct (-(Select.size sae.Activation (Select.compared scale pre row j)), j))
                |> Array.truncate (AuxK.count sae.Dim dead.Length)
                |> Array.sort)

        let codes = Codes sae.Latents
        codes.Reset(pre.Rows, Array.sumBy Array.length rows)
        codes.RowStart[0] <- 0

        rows
        |> Array.iteri (fun row latents ->
            let first = codes.RowStart[row]
            codes.RowStart[row + 1] <- first + latents.Length

            latents
            |> Array.iteri (fun i j ->
                codes.Index[first + i] <- j
                codes.Value[first + i] <- pre[row, j]))

        codes

    let private weight (auxK: AuxK) (x: Matrix) (errors: Matrix) (dead: int[]) =
        match auxK.Normalization with
        | _ when dead.Length = 0 -> 0.0
        | AuxKNormalization.Raw -> AuxK.weight auxK.Coefficient x.Cols dead.Length
        | AuxKNormalization.Variance ->
            AuxK.varianceWeight
                auxK.Coefficient
                (TotalVariance.ofBatch x)
                (TotalVariance.ofRows errors x.Rows x.Rows)

    /// The error that is explained is that of the second of two levels.
    let private run (auxK: AuxK) activation rows dim latents (dead: int[]) (gpu: Gpu) =
        let x, pre = Inputs.normal 7 rows dim, Inputs.normal 8 rows latents
        // One that is exactly 0 takes part all the same.
        if dead.Length > 0 then
            pre[0, dead[0]] <- 0.0f

        let errors = Inputs.normal 9 (2 * rows) dim

        let sae =
            Sae.create
                (Inputs.normal 1 latents dim)
                (Inputs.normal 2 latents dim)
                (Inputs.normals 3 latents)
                (Inputs.normals 4 dim)
                activation

        let scale = Select.scale sae
        let codes = chosen sae pre scale dead
        let gradients = start latents dim
        let device = DeviceParameters.upload gpu gradients

        let kernels = AuxKCuda(gpu, auxK, rows, latents, dim, AuxKScratch(gpu, rows, latents, dim))

        kernels.Codes.OfCodes codes
        let input = DeviceMatrix.ofMatrix gpu x
        let room = Array.append dead (Array.create (latents - dead.Length) Int32.MaxValue)
        let deviceDead = DeviceArray.ofArray gpu room
        let count = DeviceScalar.ofValue gpu dead.Length
        let loss: DeviceScalar<float> = DeviceScalar.ofValue gpu nan

        kernels.Run(
            input,
            input,
            DeviceMatrix.ofMatrix gpu sae.Decoder,
            DeviceArray.ofArray gpu sae.DecoderBias,
            DeviceMatrix.ofMatrix gpu errors,
            rows,
            deviceDead,
            count,
            device,
            loss
        )

        use byEntry = DeviceArray.zeros<float32> gpu (int kernels.Codes.Capacity)
        kernels.SlopesTo(rows, deviceDead, count, byEntry)

        let expected =
            AuxKReference.run
                (weight auxK x errors dead)
                (if auxK.DecoderBias then sae.DecoderBias else [||])
                sae
                x
                pre
                scale
                errors
                rows
                dead
                gradients

        let slopes =
            [| for row in 0 .. rows - 1 do
                   for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                       let place = Array.BinarySearch(dead, codes.Index[entry])
                       float32 expected.Factor * expected.Slopes[row, place] |]

        Agreement.all
            [ Agreement.number "loss" (1e-5 * expected.Loss) expected.Loss (DeviceScalar.value loss)
              Agreement.number
                  "factor"
                  (1e-6 * expected.Factor)
                  expected.Factor
                  (float (DeviceScalar.value kernels.Factor))
              if dead.Length > 0 then
                  nearMatrix "error" expected.Error kernels.Error
              near
                  "slopes by entry"
                  slopes
                  (DeviceInputs.ofEntries kernels.Codes.Stride codes byEntry)
              nearMatrix "encoder" gradients.Encoder device.Encoder
              nearMatrix "decoder" gradients.Decoder device.Decoder
              near "encoder bias" gradients.EncoderBias (device.EncoderBias.Download()) ]

    let private raw: AuxK =
        { Coefficient = 0.7
          Normalization = AuxKNormalization.Raw
          DecoderBias = false }

    let private relative =
        { raw with
            Normalization = AuxKNormalization.Variance
            DecoderBias = true }

    let private case name auxK activation rows dim latents dead =
        { Op = "AuxK"
          Name = name
          Run = run auxK activation rows dim latents dead }

    /// Cases of the op.
    let cases =
        let topK, absTopK = Activation.TopK(1, true), Activation.AbsTopK(1, false)

        [ case "all dead, more than take part" raw topK 33 48 70 [| 0..69 |]
          case "few dead" raw topK 70 33 130 [| 3; 64; 129 |]
          case "more rows and columns than a tile" raw absTopK 67 77 90 [| 0..2..89 |]
          case "errors by their variance" relative topK 33 77 70 [| 0..3..69 |]
          case "with the decoder bias" { raw with DecoderBias = true } absTopK 5 16 40 [| 1..39 |]
          case "none dead" raw topK 5 8 17 [||]
          case "none dead, by variance" relative topK 5 8 17 [||]
          case "one dimension: none takes part" raw topK 3 1 4 [| 0; 2 |]
          case "one sample" raw topK 1 2 1 [| 0 |]
          case "more dead than blocks take at once" raw topK 2 8 2100 [| 0..2099 |] ]

    let private timing deadCount =
        let rows, dim, latents = 1024, 768, 4096

        { Op = "AuxK"
          Name = $"{deadCount} dead"
          Bytes = 4.0 * float (4 * rows * dim + deadCount * (5 * dim + 4 * rows))
          Flops = 0.0
          Prepare =
            fun gpu ->
                let matrix seed rows cols =
                    DeviceMatrix.ofMatrix gpu (Inputs.normal seed rows cols)

                let x, errors, decoder = matrix 1 rows dim, matrix 2 rows dim, matrix 3 latents dim
                let gradients = DeviceParameters.upload gpu (start latents dim)

                let kernels =
                    AuxKCuda(gpu, raw, rows, latents, dim, AuxKScratch(gpu, rows, latents, dim))

                let dead = DeviceArray.ofArray gpu [| 0 .. latents - 1 |]
                let count = DeviceScalar.ofValue gpu deadCount
                let loss: DeviceScalar<float> = DeviceScalar.ofValue gpu 0.0
                let taken = min deadCount (dim / 2)
                let codes = Inputs.codes 1 (max 1 deadCount) (Array.create rows taken)
                kernels.Codes.OfCodes codes
                let bias = new DeviceArray<float32>(gpu, 0)

                fun () -> kernels.Run(x, x, decoder, bias, errors, 0, dead, count, gradients, loss) }

    /// The sizes of the 16k benchmark.
    let timings = [ timing 0; timing 30; timing 400 ]
