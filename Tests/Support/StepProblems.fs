namespace SynthSae.Tests

open System
open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec

/// A small training step to be taken.
type StepProblem =
    { Spec: SaeSpec
      Sae: Sae
      X: Matrix
      Dead: bool[] }

    override this.ToString() =
        let rows, dead = this.X.Rows, this.Dead |> Array.filter id |> Array.length
        $"B = {rows}, D = {this.Sae.Dim}, dead = {dead}, {this.Spec}"

/// Random training steps of odd sizes, with every setting on and off.
module StepProblems =
    /// The choices and the signs of a step: what rounding must not change.
    let private decisions (problem: StepProblem) p x =
        let choices = ResizeArray()

        let batch =
            { Dense.trace problem.Spec p problem.Dead x with
                Choose =
                    fun choice ->
                        choices.Add choice
                        choice }

        let forward = Dense.forward batch
        Dense.losses batch forward |> ignore
        List.ofSeq choices, Array2D.map sign forward.Hidden_pre.Value

    /// Whether no choice and no sign of a pre-activation changes when all parameters and inputs are moved by up to a
    /// thousandth, in any of ten random directions: far more than rounding or the step of a finite difference
    /// does.
    let isClear (problem: StepProblem) =
        let x = TrainingSteps.ofMatrix problem.X
        let p = DenseParameters.ofSae problem.Sae
        let decided = decisions problem p x
        let random = Random 1

        let move value =
            value + 1e-3 * (2.0 * random.NextDouble() - 1.0)

        Seq.init 10 ignore
        |> Seq.forall (fun () ->
            decisions problem (DenseParameters.map move p) (Array2D.map move x) = decided)

    let private architecture latents =
        gen {
            let! rescale = Gen.elements [ true; false ]
            let! coefficient = Gen.elements [ 1.0; 0.5 ]
            let! k = Gen.choose (1, latents)
            let! fraction = Gen.elements [ 0.0; 0.4; -0.7 ]

            let family =
                { RescaleActsByDecoderNorm = rescale
                  AuxK = SaeSpec.auxK coefficient }

            return!
                Gen.elements
                    [ SaeArchitecture.TopK(k, family)
                      SaeArchitecture.BatchTopK(
                          min (float latents) (float k + fraction),
                          0.01,
                          family
                      ) ]
        }

    let private deadMask latents =
        Gen.oneof
            [ Gen.constant (Array.create latents false)
              Gen.constant (Array.create latents true)
              Gen.arrayOfLength latents (Gen.elements [ true; false ]) ]

    /// Steps on B samples in R^D with L latents, where numbers come from `draw`; `shift` moves
    /// b_enc, so that at −2 most pre-activations are negative.
    let private problem rows dim latents (draw: Random -> float32) (decoder: Random -> Matrix) =
        gen {
            let! architecture = architecture latents
            let! apply = Gen.elements [ true; false ]
            let! dead = deadMask latents
            let! shift = Gen.elements [ 0.0f; 0.0f; -2.0f ]
            let! seed = Gen.choose (0, Int32.MaxValue)
            let random = Random seed

            let matrix rows cols =
                Matrix.init rows cols (fun _ _ -> draw random)

            return
                { Spec =
                    { SaeSpec.create latents architecture with
                        DIn = Some dim
                        DecoderInitNorm = None
                        ApplyBDecToInput = apply }
                  Sae =
                    { Encoder = matrix latents dim
                      Decoder = decoder random
                      EncoderBias = Array.init latents (fun _ -> draw random + shift)
                      DecoderBias = Array.init dim (fun _ -> draw random)
                      ApplyDecoderBiasToInput = apply
                      Activation = Initialisation.activation latents dim architecture
                      Refinement = None
                      Scaling = InputScaling.None }
                  X = matrix rows dim
                  Dead = dead }
        }

    /// Clear steps with numbers in ±1.
    let random mostRows mostDim mostLatents =
        gen {
            let! rows = Gen.choose (1, mostRows)
            let! dim = Gen.choose (2, mostDim)
            let! latents = Gen.choose (1, mostLatents)

            let draw (random: Random) =
                float32 (2.0 * random.NextDouble() - 1.0)

            let decoder random =
                Matrix.init latents dim (fun _ _ -> draw random)

            return! problem rows dim latents draw decoder
        }
        |> Gen.filter isClear

    /// Steps full of ties, in small integers and with powers of two for B, D and the decoder's
    /// norms, so that float32 computes the losses and gradients without rounding.
    let tied =
        gen {
            let! rows = Gen.elements [ 1; 2; 4; 8 ]
            let! dim = Gen.elements [ 2; 4; 8 ]
            let! latents = Gen.choose (1, 13)
            let draw (random: Random) = float32 (random.Next(-1, 2))

            let decoder (random: Random) =
                let result = Matrix(latents, dim)

                for j in 0 .. latents - 1 do
                    result[j, random.Next dim] <- [| 1.0f; 2.0f; -1.0f; -2.0f |][random.Next 4]

                result

            return! problem rows dim latents draw decoder
        }
