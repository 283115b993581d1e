namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module ClipAdamCases =
    let private settings = { Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }

    /// Random numbers for an SAE; with an encoder of so many rows, and with what a gated one has.
    let private parameters seed encoderRows latents dim isGated : Parameters =
        let vector number length = Inputs.normals (seed + number) length
        let ifGated length = if isGated then length else 0

        { Encoder = Inputs.normal seed encoderRows dim
          Decoder = Inputs.normal (seed + 1) latents dim
          EncoderBias = vector 2 latents
          DecoderBias = vector 3 dim
          Threshold = vector 4 (ifGated latents)
          MagnitudeScale = vector 5 (ifGated latents)
          MagnitudeBias = vector 6 (ifGated latents) }

    let private scaled factor =
        Parameters.map
            (fun m -> Matrix.init m.Rows m.Cols (fun i j -> factor * m[i, j]))
            (Array.map ((*) factor))

    let private sameParameters what (expected: Parameters) (actual: DeviceParameters) =
        let host = Parameters.zeros expected
        DeviceParameters.download host actual
        let numbers (matrix: Matrix) = matrix.Span.ToArray()

        Agreement.all
            [ for (name, a), (_, b) in List.zip expected.Matrices host.Matrices do
                  Agreement.bits $"{what} {name}" (numbers a) (numbers b)
              for (name, a), (_, b) in List.zip expected.Vectors host.Vectors do
                  Agreement.bits $"{what} {name}" a b ]

    /// Steps with gradients of these sizes; where a size is not finite, nothing may change from there on.
    let private run (gradientSizes: float32 list) encoderRows latents dim isGated (gpu: Gpu) =
        let host = parameters 1 encoderRows latents dim isGated
        let state = ClipAdam.create host
        let device = DeviceParameters.upload gpu host

        let deviceState: DeviceAdamState =
            { Mean = DeviceParameters.zeros gpu host
              Square = DeviceParameters.zeros gpu host }

        let adam = ClipAdamCuda(gpu, settings, device)
        let norm = DeviceScalar.ofValue gpu 0.0
        let norms = Array.zeroCreate latents
        use deviceNorms = DeviceArray.zeros<float32> gpu latents
        use low = DeviceArray.zeros<uint16> gpu (encoderRows * dim)
        let mutable diverged = 0

        let agreements =
            [ for number, size in List.indexed gradientSizes do
                  let gradients =
                      parameters (10 * (number + 1)) encoderRows latents dim isGated |> scaled size

                  let deviceGradients = DeviceParameters.upload gpu gradients
                  let step = int64 (number + 1)
                  let factors = ClipAdam.factors settings step 3e-3 0.0

                  let input =
                      { Step = DeviceScalar.ofValue gpu number
                        Rate = DeviceScalar.ofValue gpu factors.Rate
                        RootCorrection = DeviceScalar.ofValue gpu factors.RootCorrection
                        Norm = norm }

                  adam.Norm(deviceGradients, norm)
                  adam.Run(input, deviceGradients, deviceState, device, deviceNorms, low)
                  let expected = ClipAdamReference.norm gradients
                  let actual = DeviceScalar.value norm
                  // Double sums of so many squares.
                  Agreement.number $"norm {step}" (1e-12 * expected) expected actual

                  if not (System.Double.IsFinite expected) && diverged = 0 then
                      diverged <- number + 1

                  if diverged = 0 then
                      let factors = ClipAdam.factors settings step 3e-3 actual
                      ClipAdamReference.run factors gradients state host norms

                  Agreement.same "diverged" [| diverged |] [| DeviceScalar.value adam.Diverged |] ]

        Agreement.all
            [ yield! agreements
              sameParameters "mean" state.Mean deviceState.Mean
              sameParameters "square" state.Square deviceState.Square
              sameParameters "new" host device

              if norms |> Array.exists ((<>) 0.0f) then
                  // Rounding of D products and sums, in another order.
                  Agreement.numbers
                      "norms"
                      (fun j -> 1e-6 * float norms[j])
                      norms
                      (deviceNorms.Download())

                  Agreement.same
                      "encoder in bf16"
                      (host.Encoder.Span.ToArray() |> Array.map Inputs.bf16)
                      (low.Download()) ]

    let private case name sizes encoderRows latents dim isGated =
        { Op = "ClipAdam"
          Name = name
          Run = run sizes encoderRows latents dim isGated }

    /// Cases of the op.
    let cases =
        let clipped, free = [ 1.0f; 3.0f; 0.1f ], [ 1e-4f; 1e-3f; 2e-4f ]

        [ case "three clipped steps" clipped 33 33 96 false
          case "three steps that are not clipped" free 33 33 96 false
          case "rows of a length that is no multiple of 4" clipped 17 17 77 true
          case "one latent in one dimension" clipped 1 1 1 false
          case "no encoder" clipped 0 9 8 false
          case "more latents than a block has threads" clipped 300 300 12 true
          case "gradients of 0, and tiny ones" [ 0.0f; 1e-30f; 0.0f ] 5 5 16 false
          case "nothing is updated once gradients are not finite" [ 1.0f; nanf; 1.0f ] 9 9 16 true
          case "infinite gradients at once" [ infinityf; 1.0f ] 9 9 16 false ]

    let private timing name bytes (launch: ClipAdamCuda -> DeviceParameters[] -> _ -> _ -> unit) =
        let latents, dim = 4096, 768

        { Op = "ClipAdam"
          Name = name
          Bytes = bytes * float (2 * latents * dim)
          Flops = 0.0
          Prepare =
            fun gpu ->
                let make seed =
                    DeviceParameters.upload gpu (parameters seed latents latents dim false)

                // Sums of squares of the gradients' moments are positive.
                let square = DeviceParameters.zeros gpu (parameters 1 latents latents dim false)
                let all = [| make 1; make 2; make 3; square |]
                let adam = ClipAdamCuda(gpu, settings, all[0])
                let norm = DeviceScalar.ofValue gpu 1.0
                let norms = DeviceArray.zeros<float32> gpu latents
                fun () -> launch adam all norm norms }

    /// The sizes of the 16k benchmark.
    let timings =
        [ timing "norm" 4.0 (fun adam all norm _ -> adam.Norm(all[0], norm))
          timing "update" 28.0 (fun adam all norm norms ->
              let gpu = norms.Gpu

              let input =
                  { Step = DeviceScalar.ofValue gpu 0
                    Rate = DeviceScalar.ofValue gpu 1e-4f
                    RootCorrection = DeviceScalar.ofValue gpu 0.03f
                    Norm = norm }

              let state: DeviceAdamState = { Mean = all[1]; Square = all[3] }
              adam.Run(input, all[0], state, all[2], norms, new DeviceArray<uint16>(gpu, 0))) ]
