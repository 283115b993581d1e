namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module EncodeCases =
    let private absent (gpu: Gpu) : DeviceScalar<float32> =
        DeviceScalar.at 0 (new DeviceArray<float32>(gpu, 0))

    let private centre name (factor: float32 option) isCentred rows dim =
        { Op = "Encode"
          Name = name
          Run =
            fun gpu ->
                let x, bias = Inputs.normal 1 rows dim, Inputs.normals 2 dim
                let scaled = Matrix.copy x

                match factor with
                | Some factor -> Simd.combine factor x.Ptr 0.0f x.Ptr scaled.Ptr x.Length
                | None -> ()

                let sae =
                    { Sae.create (Matrix(1, dim)) (Matrix(1, dim)) [| 0.0f |] bias Activation.Relu with
                        ApplyDecoderBiasToInput = isCentred }

                let wanted = EncodeReference.centre sae scaled (Matrix(rows, dim))

                let deviceFactor =
                    match factor with
                    | Some factor -> DeviceScalar.ofValue gpu factor
                    | None -> absent gpu

                let deviceBias = DeviceArray.ofArray gpu (if isCentred then bias else [||])

                let deviceScaled, centred =
                    DeviceMatrix(gpu, rows, dim), DeviceMatrix(gpu, rows, dim)

                use low = new DeviceArray<uint16>(gpu, rows * dim)

                EncodeCuda.centre
                    gpu
                    deviceFactor
                    deviceBias
                    (DeviceMatrix.ofMatrix gpu x)
                    deviceScaled
                    centred
                    low

                let exact name expected (actual: DeviceMatrix) =
                    Agreement.matrix name (fun _ _ -> 0.0) expected (actual.ToMatrix())

                Agreement.all
                    [ exact "scaled" scaled deviceScaled
                      exact "centred" wanted centred
                      Agreement.same
                          "bf16"
                          (Array.map Inputs.bf16 (wanted.Span.ToArray()))
                          (low.Download()) ] }

    /// Cases of the op's elementwise part; the product is Gemm's.
    let cases =
        [ centre "centred" None true 33 96
          centre "scaled and centred" (Some 1.7f) true 5 77
          centre "scaled" (Some 0.3f) false 3 1000
          centre "as it is" None false 7 4
          centre "one number" (Some 2.0f) true 1 1
          centre "no rows" None true 0 8 ]

    /// The sizes of the 16k benchmark.
    let timings =
        let rows, dim = 1024, 768

        [ { Op = "Encode"
            Name = "centre"
            Bytes = 10.0 * float (rows * dim)
            Flops = 0.0
            Prepare =
              fun gpu ->
                  let x = DeviceMatrix.ofMatrix gpu (Inputs.normal 1 rows dim)
                  let bias = DeviceArray.ofArray gpu (Inputs.normals 2 dim)
                  let scaled, centred = DeviceMatrix(gpu, 0, dim), DeviceMatrix(gpu, rows, dim)
                  let low = new DeviceArray<uint16>(gpu, rows * dim)
                  fun () -> EncodeCuda.centre gpu (absent gpu) bias x scaled centred low } ]
