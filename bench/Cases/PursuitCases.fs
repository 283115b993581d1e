namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module PursuitCases =
    /// What is special about a case.
    type private Setting =
        {
            Rows: int
            Latents: int
            Dim: int
            Most: int
            Threshold: float
            Stops: bool
            Subtracts: bool
            /// Norm of decoder rows: above 1 a latent is chosen again and again.
            Norm: float
        }

    let private plain =
        { Rows = 9
          Latents = 70
          Dim = 40
          Most = 6
          Threshold = 0.0
          Stops = false
          Subtracts = true
          Norm = 1.0 }

    let private decoder setting =
        let rows = Inputs.normal 3 setting.Latents setting.Dim

        for row in 0 .. setting.Latents - 1 do
            Rows.normaliseTo setting.Norm (rows.Row row)

        rows

    let private sae setting limits =
        { Sae.create
              (Matrix(0, setting.Dim))
              (decoder setting)
              [||]
              (Array.zeroCreate setting.Dim)
              (Activation.Pursuit limits) with
            ApplyDecoderBiasToInput = setting.Subtracts }

    let private within name (expected: Codes) (actual: Codes) (norm: int -> float) =
        let rowOf entry =
            Array.FindLastIndex(expected.RowStart, expected.Rows, fun start -> start <= entry)

        Agreement.all
            [ Agreement.same
                  $"{name}.RowStart"
                  expected.RowStart[.. expected.Rows]
                  actual.RowStart[.. actual.Rows]
              Agreement.same
                  $"{name}.Index"
                  expected.Index[.. expected.Count - 1]
                  actual.Index[.. actual.Count - 1]
              if expected.Count = actual.Count then
                  Agreement.numbers
                      $"{name}.Value"
                      (fun entry -> 1e-5 * norm (rowOf entry))
                      expected.Value[.. expected.Count - 1]
                      actual.Value[.. actual.Count - 1] ]

    /// Codes of a batch, and the gradients at its path.
    let private run setting (gpu: Gpu) =
        let limits =
            { MaxIterations = setting.Most
              ResidualThreshold = setting.Threshold
              StopOnDuplicateSupport = setting.Stops }

        let sae = sae setting limits
        let x = Inputs.normal 4 setting.Rows setting.Dim
        let gradient = Inputs.normal 5 setting.Rows setting.Dim
        let path, codes = Codes setting.Latents, Codes setting.Latents
        PursuitReference.encode sae limits x path codes
        let byDecoder = Matrix(setting.Latents, setting.Dim)
        let byBias: float32[] = Array.zeroCreate setting.Dim
        PursuitReference.backward sae x path gradient byDecoder byBias

        let decoder = DeviceMatrix.ofMatrix gpu sae.Decoder
        let most = setting.Most
        let pursuit = PursuitCuda(GemmLibrary.Open gpu, decoder, setting.Rows, most)
        let deviceX = DeviceMatrix.ofMatrix gpu x
        let deviceCodes = pursuit.CreateCodes()
        pursuit.DecoderChanged()
        pursuit.Encode(limits, DeviceScalar.ofValue gpu most, deviceX, deviceCodes)
        let lists = DeviceLists(gpu, setting.Latents, deviceCodes.Capacity)
        LatentListsCuda(gpu, setting.Latents, setting.Rows).Fill(deviceCodes, setting.Rows, lists)
        let deviceGradient = DeviceMatrix(gpu, setting.Latents, setting.Dim)

        pursuit.Backward(
            deviceX,
            DeviceMatrix.ofMatrix gpu gradient,
            DeviceScalar.ofValue gpu 1.0f,
            lists,
            deviceGradient
        )

        let nus = pursuit.Nus.ToMatrix()

        let sums =
            Array.init setting.Dim (fun d ->
                Seq.init setting.Rows (fun b -> float nus[b, d]) |> Seq.sum |> float32)

        let actualPath, actual = Codes setting.Latents, Codes setting.Latents
        pursuit.Path.ToCodes(setting.Rows, actualPath)
        deviceCodes.ToCodes(setting.Rows, actual)
        let norm row = sqrt (Rows.squaredNormAt x row)

        let largest =
            Seq.fold (fun most g -> max most (abs (float g))) 0.0 (byDecoder.Span.ToArray())

        Agreement.all
            [ within "path" path actualPath norm
              within "codes" codes actual norm
              Agreement.matrix
                  "gradient"
                  (fun _ _ -> 1e-5 * max largest 1.0)
                  byDecoder
                  (deviceGradient.ToMatrix())
              if setting.Subtracts then
                  Agreement.numbers
                      "bias"
                      (fun _ -> 1e-5 * float setting.Rows * max largest 1.0)
                      byBias
                      sums ]

    let private case name setting =
        { Op = "Pursuit"; Name = name; Run = run setting }

    /// Cases of the op.
    let cases =
        [ case "some iterations" plain
          case "one iteration" { plain with Most = 1 }
          case "one sample" { plain with Rows = 1 }
          case "one latent" { plain with Latents = 1; Norm = 0.6 }
          case "odd sizes" { plain with Latents = 301; Dim = 77; Rows = 5 }
          case "a threshold" { plain with Threshold = 4.0; Most = 20 }
          case
              "the same latents again and again"
              { plain with Latents = 12; Dim = 8; Most = 30; Norm = 0.5 }
          case
              "until a latent comes again"
              { plain with
                  Latents = 12
                  Dim = 8
                  Most = 30
                  Norm = 0.5
                  Stops = true }
          case "as many iterations as dimensions" { plain with Most = 40; Rows = 3 }
          case "a bias that is not subtracted" { plain with Subtracts = false } ]
