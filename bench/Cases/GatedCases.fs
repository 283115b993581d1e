namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Training

/// What is special about the latents of a gated SAE, beside its formulas in double.
module GatedCases =
    let private case name latents (counts: int[]) =
        { Op = "Gated"
          Name = name
          Run =
            fun gpu ->
                let codes = Inputs.codes 1 latents counts
                let slopes = Inputs.normals 2 codes.Count
                let scale, bias = Inputs.normals 3 latents, Inputs.normals 4 latents

                let gradients =
                    { Encoder = Matrix(latents, 1)
                      Decoder = Matrix(latents, 1)
                      EncoderBias = Inputs.normals 5 latents
                      DecoderBias = [| 0.0f |]
                      Threshold = [||]
                      MagnitudeScale = Array.create latents nanf
                      MagnitudeBias = Inputs.normals 6 latents }

                let stride = DeviceInputs.roomFor codes
                let device = DeviceParameters.upload gpu gradients
                use factors = new DeviceArray<float32>(gpu, latents)
                use through = new DeviceArray<float32>(gpu, latents)
                GatedCuda.factors gpu (DeviceArray.ofArray gpu scale) factors

                GatedCuda.backward
                    gpu
                    (DeviceInputs.codes gpu stride codes)
                    (DeviceInputs.lists gpu stride codes)
                    (DeviceInputs.byEntry gpu stride codes slopes)
                    (DeviceArray.ofArray gpu bias)
                    factors
                    device
                    through

                let sums, sizes = Array.zeroCreate<float> latents, Array.zeroCreate<float> latents

                for entry in 0 .. codes.Count - 1 do
                    let j = codes.Index[entry]
                    let term = float slopes[entry] * (float codes.Value[entry] - float bias[j])
                    sums[j] <- sums[j] + term
                    sizes[j] <- sizes[j] + abs term + float (abs slopes[entry])

                let exp = scale |> Array.map (fun r -> Math.Exp(float r))

                let expected =
                    Array.init latents (fun j ->
                        float gradients.EncoderBias[j] + exp[j] * float gradients.MagnitudeBias[j])

                Agreement.all
                    [ Agreement.numbers
                          "exp"
                          (fun j -> 3e-7 * exp[j])
                          (Array.map float32 exp)
                          (factors.Download())
                      // The differences to the bias are rounded to float.
                      Agreement.numbers
                          "by scale"
                          (fun j -> 3e-7 * sizes[j])
                          (Array.map float32 sums)
                          (device.MagnitudeScale.Download())
                      Agreement.numbers
                          "through"
                          (fun j -> 5e-7 * (1.0 + exp[j]) * 4.0)
                          (Array.map float32 expected)
                          (through.Download()) ] }

    /// Cases of the kernels.
    let cases =
        [ case "rows of several lengths" 130 [| 5; 0; 130; 1; 33; 64 |]
          case "one latent in all samples" 1 (Array.create 70 1)
          case "no entries" 9 [| 0; 0 |] ]
