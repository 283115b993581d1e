namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Compute.Training
open SynthSae.Spec

/// The losses and thresholds of a JumpReLU SAE beside `JumpSparsity`.
module JumpReluCases =
    /// In parts of the largest number: sums in double, rounded a few times on the way, exp off by an ulp.
    let private near name (expected: float32[]) actual =
        let largest = expected |> Seq.map (abs >> float) |> Seq.fold max 1e-12
        Agreement.numbers name (fun _ -> 2e-6 * largest) expected actual

    let private spec sparsity parameter straightThrough preAct : JumpRelu =
        { InitThreshold = 0.1
          Bandwidth = 0.5
          Sparsity = sparsity
          L0 = { Value = 0.6; WarmUpSteps = 0<step> }
          PreActLossCoefficient = preAct
          Parameter = parameter
          StraightThrough = straightThrough
          AuxK =
            { Coefficient = 0.0
              Normalization = AuxKNormalization.Raw
              DecoderBias = false } }

    let private run (jump: JumpRelu) rows dim latents (gpu: Gpu) =
        let theta = Inputs.normals 5 latents |> Array.map (fun x -> 0.3f * abs x + 0.01f)

        let sae =
            Sae.create
                (Inputs.normal 1 latents dim)
                (Inputs.normal 2 latents dim)
                (Inputs.normals 3 latents)
                (Inputs.normals 4 dim)
                (Activation.JumpRelu theta)

        let isLog = jump.Parameter = ThresholdParameter.Log
        // A threshold below 0 counts as 0 and learns nothing.
        if not isLog then
            theta[0] <- -0.2f

        let logThreshold = if isLog then Array.map MathF.Log theta else [||]
        let norms = Select.norms sae
        let dead = Array.init latents (fun j -> j % 7 = 3)

        let settings =
            { LearningRate = 1e-3
              K = nan
              Coefficient = 0.6
              TargetL0 = 3.0
              Precision = Precision.Fp32
              Dead = dead
              Frequencies = FiringFrequencies latents }

        // What the CPU does.
        let x, codes = Inputs.normal 6 rows dim, Codes latents
        let plain = JumpSparsity(1, jump, sae, norms, logThreshold) :> ISparsity
        let encoder = LinearEncoder(1, sae, StepTimes.Zero)
        encoder.Forward(x, settings, [||], codes) |> ignore
        let errors = Inputs.normal 7 rows dim
        let slopes = plain.Before(codes, encoder.Pre, settings)
        let entries = slopes.Entries
        let gradients = Parameters.zeros (Parameters.ofSae logThreshold sae)

        encoder.Backward(
            entries,
            slopes.Gate,
            slopes.Extra,
            errors,
            [||],
            2.0f / float32 rows,
            gradients
        )

        let before = DeviceParameters.upload gpu gradients
        let terms = slopes.Terms @ plain.After(encoder, settings, gradients)

        // The same on the GPU, from the same entries and gradients by the codes.
        let stride = DeviceInputs.roomFor entries
        let deviceEntries = DeviceInputs.codes gpu stride entries
        let lists = DeviceInputs.lists gpu stride entries
        let bandwidth = float32 jump.Bandwidth
        let limits = theta |> Array.map (max 0.0f)
        let near' = NearThresholdReference.run bandwidth limits encoder.Pre (Codes latents)
        let deviceNear = DeviceInputs.byEntry gpu stride entries near'
        let byCode: float32[] = Array.zeroCreate entries.Count

        for place in 0 .. entries.Count - 1 do
            byCode[encoder.Lists.Origin[place]] <- encoder.Lists.ByCode[place]

        let trained = DeviceArray.ofArray gpu (if isLog then Array.create latents nanf else theta)
        let deviceLog = DeviceArray.ofArray gpu logThreshold
        let kernels = JumpReluCuda(gpu, jump, deviceEntries, trained, deviceLog)
        let deviceNorms = DeviceArray.ofArray gpu norms
        let scalar: float -> DeviceScalar<float> = DeviceScalar.ofValue gpu
        let loss, preActLoss = scalar nan, scalar 0.0
        let indices = [| 0 .. latents - 1 |] |> Array.filter (Array.get dead)
        kernels.Refresh()

        kernels.Before(
            rows,
            DeviceInputs.codes gpu (DeviceInputs.roomFor codes) codes,
            lists,
            deviceNear,
            deviceNorms,
            scalar settings.Coefficient,
            scalar settings.TargetL0,
            loss
        )

        kernels.After(
            lists,
            deviceNear,
            DeviceInputs.byEntry gpu stride entries byCode,
            DeviceMatrix.ofMatrix gpu encoder.Input,
            DeviceMatrix.ofMatrix gpu encoder.Pre,
            DeviceMatrix.ofMatrix gpu sae.Decoder,
            deviceNorms,
            DeviceArray.ofArray gpu (Array.append indices (Array.create latents Int32.MaxValue)),
            DeviceScalar.ofValue gpu indices.Length,
            before,
            preActLoss
        )

        let host = Parameters.zeros gradients
        DeviceParameters.download host before

        let byEntry (array: DeviceArray<float32>) =
            DeviceInputs.ofEntries stride entries array

        let isExact = not isLog && not jump.Sparsity.IsTanh
        let slopesAgree = if isExact then Agreement.bits else near

        Agreement.all
            [ (if isLog then near else Agreement.bits) "theta" limits (kernels.Theta.Download())
              slopesAgree "gate" slopes.Gate[.. entries.Count - 1] (byEntry kernels.Gate)
              slopesAgree "extra" slopes.Extra[.. entries.Count - 1] (byEntry kernels.Extra)
              for (name, expected), actual in
                  List.zip terms ([ loss; preActLoss ] |> List.truncate terms.Length) do
                  Agreement.number name (1e-5 * abs expected) expected (DeviceScalar.value actual)
              near "threshold" gradients.Threshold host.Threshold
              near "decoder" (gradients.Decoder.Span.ToArray()) (host.Decoder.Span.ToArray())
              near "encoder" (gradients.Encoder.Span.ToArray()) (host.Encoder.Span.ToArray())
              near "encoder bias" gradients.EncoderBias host.EncoderBias ]

    let private case name jump rows dim latents =
        { Op = "JumpRelu"
          Name = name
          Run = run jump rows dim latents }

    /// Cases of all losses and forms.
    let cases =
        let direct, log = ThresholdParameter.Direct, ThresholdParameter.Log

        [ case "step" (spec JumpReluSparsity.Step direct false None) 33 15 70
          case "quadratic, log" (spec JumpReluSparsity.Quadratic log false None) 33 15 70
          case "tanh" (spec (JumpReluSparsity.Tanh 4.0) direct false None) 33 15 70
          case "step, straight through" (spec JumpReluSparsity.Step direct true None) 9 16 41
          case
              "tanh, straight through, log, dead latents"
              (spec (JumpReluSparsity.Tanh 1.0) log true (Some 0.1))
              33
              15
              70
          case
              "quadratic, dead latents"
              (spec JumpReluSparsity.Quadratic direct false (Some 0.3))
              40
              8
              300
          case "one of everything" (spec JumpReluSparsity.Step log false None) 1 1 1 ]
