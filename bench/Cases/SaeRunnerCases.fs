namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// SAEs of every kind at work on a GPU.
module SaeRunnerCases =
    let private latents, private dim = 70, 27

    let private sae activation : Sae =
        let part seed =
            Inputs.normals seed latents |> Array.map (fun value -> 0.3f * value)

        let decoder = Inputs.normal 2 latents dim
        // Norms from 0.5 to 1.5: a pursuit ends.
        for j in 0 .. latents - 1 do
            Rows.normaliseTo (0.5 + float (j % 5) / 5.0) (decoder.Row j)

        Sae.create (Inputs.normal 1 latents dim) decoder (part 3) (Inputs.normals 4 dim) activation

    /// Codes with the same entries, and values as near as sums in another order are.
    let private codes (expected: Codes) (actual: Codes) =
        let values (codes: Codes) = codes.Value[.. codes.Count - 1]
        let starts (codes: Codes) = codes.RowStart[.. codes.Rows]

        Agreement.all
            [ Agreement.same "RowStart" (starts expected) (starts actual)
              Agreement.same
                  "Index"
                  expected.Index[.. expected.Count - 1]
                  actual.Index[.. actual.Count - 1]
              Agreement.numbers
                  "Value"
                  (fun i -> 1e-5 * (10.0 + float (abs expected.Value[i])))
                  (values expected)
                  (values actual) ]

    /// Batches of these sizes, the first one the largest, from the host's memory and in the GPU's.
    let private agreement (inference: Inference) sizes gpu =
        let reference = SaeRunner(Backend.Reference, inference)
        let staged = StagedSaeRunner(gpu, inference)
        let runner = DeviceSaeRunner(GemmLibrary.Open gpu, inference, List.head sizes)
        let onDevice = runner.CreateCodes()
        let expected, actual, copied = Codes latents, Codes latents, Codes latents

        Agreement.all
            [ for i, rows in List.indexed sizes do
                  let x = Inputs.normal (10 + i) rows dim
                  let wanted, hat = Matrix(rows, dim), Matrix(rows, dim)
                  reference.Encode(x, expected)
                  reference.Decode(expected, wanted)
                  staged.Encode(x, actual)
                  staged.Decode(actual, hat)
                  let deviceX, deviceHat = DeviceMatrix.ofMatrix gpu x, DeviceMatrix(gpu, rows, dim)
                  runner.Encode(deviceX, onDevice)
                  runner.Decode(onDevice, deviceHat)
                  onDevice.ToCodes(rows, copied)
                  codes expected actual
                  Agreement.codes "on the GPU" actual copied

                  let near row _ =
                      1e-5 * (10.0 + float (wanted[row, 0] |> abs))

                  Agreement.matrix "reconstruction" near wanted hat
                  Agreement.matrix "on the GPU" (fun _ _ -> 0.0) hat (deviceHat.ToMatrix())
                  let scores = (reference.Scores(x, expected)).ToArray()
                  let near i = 1e-5 * (10.0 + float (abs scores[i]))
                  Agreement.numbers "scores" near scores (staged.Scores(x, actual)) ]

    let private case name sae pruneBelow =
        { Op = "SaeRunner"
          Name = name
          Run = agreement { Sae = sae; PruneBelow = pruneBelow } [ 33; 33; 8; 1 ] }

    let private batchTopK = Activation.BatchTopK(6.4, true)

    let private jumpRelu =
        Activation.JumpRelu(Array.init latents (fun j -> 0.05f * float32 (j % 9)))

    let private pursuit =
        { MaxIterations = 7
          ResidualThreshold = 0.1
          StopOnDuplicateSupport = false }
        |> Activation.Pursuit

    let private pursuing =
        { sae pursuit with
            Encoder = Matrix(0, dim)
            EncoderBias = [||] }

    /// Cases of every activation, and of what can be put around it.
    let cases =
        [ case "ReLU" (sae Activation.Relu) None
          case "TopK" (sae (Activation.TopK(9, true))) None
          case "TopK by size" (sae (Activation.TopK(200, false))) None
          case "AbsTopK" (sae (Activation.AbsTopK(9, true))) None
          case "BatchTopK" (sae batchTopK) None
          case "BatchTopK by size" (sae (Activation.BatchTopK(0.4, false))) None
          case "JumpReLU" (sae jumpRelu) None
          case
              "gated"
              (sae (Activation.Gated(Inputs.normals 7 latents, Inputs.normals 8 latents)))
              None
          case "matching pursuit" pursuing None
          case
              "refined BatchTopK"
              { sae batchTopK with
                  Refinement = Some { Eta = 0.3; First = Activation.TopK(4, true) } }
              None
          case
              "refined JumpReLU, scaled to a norm, pruned"
              { sae jumpRelu with
                  Refinement = Some { Eta = 0.3; First = jumpRelu }
                  Scaling = InputScaling.ConstantNorm }
              (Some 0.7f)
          case
              "TopK, layer normalisation, pruned, no bias taken from the input"
              { sae (Activation.TopK(9, true)) with
                  ApplyDecoderBiasToInput = false
                  Scaling = InputScaling.LayerNorm }
              (Some 0.7f)
          case "AbsTopK, pruned" (sae (Activation.AbsTopK(20, false))) (Some 0.5f) ]
