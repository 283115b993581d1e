namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module PreActLossCases =
    let private start latents dim =
        { LatentGradients.create latents dim with
            Encoder = Inputs.normal 31 latents dim
            EncoderBias = Inputs.normals 33 latents
            Threshold = Inputs.normals 34 latents }

    /// The contract's tolerance: in parts of the largest gradient.
    let private near name (expected: float32[]) actual =
        let largest = expected |> Seq.map (abs >> float) |> Seq.fold max 1e-3
        Agreement.numbers name (fun _ -> 1e-5 * largest) expected actual

    /// The dead latents with room for all, and their number.
    let private upload (gpu: Gpu) latents (dead: int[]) =
        let padding = Array.create (latents - dead.Length) System.Int32.MaxValue
        DeviceArray.ofArray gpu (Array.append dead padding), DeviceScalar.ofValue gpu dead.Length

    let private case name rows dim latents (dead: int[]) =
        { Op = "PreActLoss"
          Name = name
          Run =
            fun gpu ->
                let input, pre = Inputs.normal 1 rows dim, Inputs.normal 2 rows latents
                let theta = Inputs.normals 3 latents |> Array.map abs
                let norms = Inputs.normals 4 latents |> Array.map (fun x -> 0.5f + abs x)
                let gradients, byNorm = start latents dim, Inputs.normals 35 latents
                let device = DeviceParameters.upload gpu gradients
                let deviceByNorm = DeviceArray.ofArray gpu byNorm
                let deviceDead, count = upload gpu latents dead
                let loss: DeviceScalar<float> = DeviceScalar.ofValue gpu nan

                PreActLossCuda(gpu, rows, latents)
                    .Run(
                        0.3,
                        DeviceMatrix.ofMatrix gpu input,
                        DeviceMatrix.ofMatrix gpu pre,
                        DeviceArray.ofArray gpu theta,
                        DeviceArray.ofArray gpu norms,
                        deviceDead,
                        count,
                        device,
                        deviceByNorm,
                        loss
                    )

                let sae =
                    Sae.create
                        (Matrix(latents, dim))
                        (Matrix(latents, dim))
                        gradients.EncoderBias
                        gradients.DecoderBias
                        Activation.Relu

                let expected =
                    PreActLossReference.run 0.3 sae input pre theta norms dead gradients byNorm

                let host = Parameters.zeros gradients
                DeviceParameters.download host device

                Agreement.all
                    [ // Differences to thresholds are rounded to float.
                      Agreement.number "loss" (1e-6 * expected) expected (DeviceScalar.value loss)
                      near
                          "encoder"
                          (gradients.Encoder.Span.ToArray())
                          (host.Encoder.Span.ToArray())
                      near "encoder bias" gradients.EncoderBias host.EncoderBias
                      near "threshold" gradients.Threshold host.Threshold
                      near "by norm" byNorm (deviceByNorm.Download()) ] }

    /// Cases of the op.
    let cases =
        [ case "all dead" 33 15 70 [| 0..69 |]
          case "every second, more rows than warps" 70 33 130 [| 1..2..129 |]
          case "one dead" 5 96 17 [| 16 |]
          case "none dead" 5 8 17 [||]
          case "one of everything" 1 1 1 [| 0 |] ]

    /// The sizes of the 16k benchmark with 300 dead latents.
    let timings =
        let rows, dim, latents = 1024, 768, 4096

        [ { Op = "PreActLoss"
            Name = "300 dead"
            Bytes = 4.0 * float (rows * dim + 300 * (rows + 2 * dim))
            Flops = 0.0
            Prepare =
              fun gpu ->
                  let input = DeviceMatrix.ofMatrix gpu (Inputs.normal 1 rows dim)
                  let pre = DeviceMatrix.ofMatrix gpu (Inputs.normal 2 rows latents)

                  let vector () =
                      DeviceArray.ofArray gpu (Array.create latents 0.5f)

                  let gradients = DeviceParameters.upload gpu (start latents dim)
                  let dead, count = upload gpu latents [| 7..13 .. 7 + 13 * 299 |]
                  let loss: DeviceScalar<float> = DeviceScalar.ofValue gpu 0.0
                  let theta, norms, byNorm = vector (), vector (), vector ()
                  let kernels = PreActLossCuda(gpu, rows, latents)

                  fun () ->
                      kernels.Run(
                          1e-6,
                          input,
                          pre,
                          theta,
                          norms,
                          dead,
                          count,
                          gradients,
                          byNorm,
                          loss
                      ) } ]
