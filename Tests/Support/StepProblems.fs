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
    let private separated margin kept rejected =
        Seq.fold min infinity kept - Seq.fold max -infinity rejected > margin

    /// The values that compete with each other in a selection: those of a row, or of the batch.
    let private competitors (spec: SaeSpec) (values: 'T[,]) =
        let rows = [| for b in 0 .. Array2D.length1 values - 1 -> values[b, *] |]

        match spec.Architecture with
        | SaeArchitecture.TopK _ -> rows
        | SaeArchitecture.BatchTopK _ -> [| Array.concat rows |]

    /// Whether the positive values that were kept stand clear of those that were not.
    let private mainIsClear margin spec (forward: DenseForward) =
        forward.Hidden_pre
        |> Array2D.mapi (fun b j h -> h, forward.Selected[b, j])
        |> competitors spec
        |> Array.forall (fun entries ->
            let kept, rejected = entries |> Array.partition snd
            let positive = kept |> Array.map fst |> Array.filter (fun h -> h > 0.0)
            separated margin positive (Array.map fst rejected))

    /// The same for each row's dead latents.
    let private auxiliaryIsClear
        margin
        (dead: bool[])
        (auxiliary: DenseAuxiliary)
        (forward: DenseForward)
        =
        Seq.forall
            (fun b ->
                let indices = [ 0 .. dead.Length - 1 ] |> List.filter (Array.get dead)
                let kept, rejected = indices |> List.partition (fun j -> auxiliary.Selected[b, j])
                let value j = forward.Hidden_pre[b, j]
                separated margin (List.map value kept) (List.map value rejected))
            [ 0 .. Array2D.length1 forward.Hidden_pre - 1 ]

    /// Whether neither rounding nor the step of a finite difference changes a selection or the sign
    /// of a pre-activation: all margins exceed 1e-3 of the terms they are made of.
    let isClear (problem: StepProblem) =
        let x = TrainingSteps.ofMatrix problem.X
        let p = DenseParameters.ofSae problem.Sae
        let forward = Dense.forward problem.Spec p x
        let size = StepBounds.preSize p x |> Seq.cast<float> |> Seq.max
        let margin = 1e-3 * size * Array.max forward.Norms

        forward.Hidden_pre |> Seq.cast<float> |> Seq.forall (fun h -> abs h > margin)
        && mainIsClear margin problem.Spec forward
        && (match Dense.auxiliary problem.Spec problem.Dead x forward with
            | None -> true
            | Some auxiliary -> auxiliaryIsClear margin problem.Dead auxiliary forward)

    let private architecture latents =
        gen {
            let! rescale = Gen.elements [ true; false ]
            let! coefficient = Gen.elements [ 1.0; 0.5 ]
            let! k = Gen.choose (1, latents)
            let! fraction = Gen.elements [ 0.0; 0.4; -0.7 ]

            let family =
                { RescaleActsByDecoderNorm = rescale
                  AuxLossCoefficient = coefficient }

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
                    { DIn = Some dim
                      DSae = latents
                      Architecture = architecture
                      DecoderInitNorm = None
                      ApplyBDecToInput = apply }
                  Sae =
                    { Encoder = matrix latents dim
                      Decoder = decoder random
                      EncoderBias = Array.init latents (fun _ -> draw random + shift)
                      DecoderBias = Array.init dim (fun _ -> draw random)
                      ApplyDecoderBiasToInput = apply
                      Activation = Initialisation.activation architecture }
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
