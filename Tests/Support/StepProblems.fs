namespace SynthSae.Tests

open System
open FsCheck
open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Spec

/// A small training step to be taken.
type StepProblem =
    {
        Spec: SaeSpec
        /// Representable in float32.
        Parameters: DenseParameters
        X: Matrix
        Dead: bool[]
        Precision: Precision
    }

    /// The batch as the dense step sees it, with other parameters.
    member problem.BatchWith(p: DenseParameters) =
        let x = TrainingSteps.ofMatrix problem.X
        Dense.trace problem.Spec (problem.Settings 3e-4) p x

    /// The settings of the step at a learning rate.
    member problem.Settings(lr: float) =
        { StepSettings.start problem.Spec lr problem.Dead with
            Precision = problem.Precision }

    /// The batch as the dense step sees it, traced anew.
    member problem.Batch = problem.BatchWith problem.Parameters

    override problem.ToString() =
        let dead = problem.Dead |> Array.filter id |> Array.length
        $"B = {problem.X.Rows}, D = {problem.X.Cols}, dead = {dead}, {problem.Precision}, {problem.Spec}"

/// Random training steps of odd sizes, with every setting on and off.
module StepProblems =
    /// The choices of a step and the sides of its kinks: what rounding must not change. A relu shows its side by where
    /// its derivative is 0.
    let private decisions (batch: DenseBatch) =
        let choices = ResizeArray<bool[,]>()

        let noting =
            { batch with
                Choose =
                    fun choice ->
                        choices.Add choice
                        choice }

        let forward = Dense.forward noting
        let loss = Dense.total (Dense.losses noting forward)

        for node in Gradient.history loss do
            match node.Origin with
            | Origin.Map(a, derivative) -> choices.Add(Array2D.map (derivative >> (=) 0.0) a.Value)
            | _ -> ()

        List.ofSeq choices

    /// Whether no choice changes when all parameters and inputs are moved by up to a thousandth, in any of ten random
    /// directions: far more than rounding or the step of a finite difference does.
    let isClear (problem: StepProblem) =
        let decided = decisions problem.Batch
        let random = Random 1

        let move value =
            value + 1e-3 * (2.0 * random.NextDouble() - 1.0)

        Seq.init 10 ignore
        |> Seq.forall (fun () ->
            let batch = problem.BatchWith(DenseParameters.map move problem.Parameters)
            let x = Array2D.map move batch.X.Value

            decisions
                { batch with
                    X = Traced.constant x
                    Scaling = DenseScaling.ofBatch problem.Spec.Normalization x }
                =
                decided)

    let private deadMask latents =
        Gen.oneof
            [ Gen.constant (Array.create latents false)
              Gen.constant (Array.create latents true)
              Gen.arrayOfLength latents (Gen.elements [ true; false ]) ]

    /// Parameters of the shapes that the specification asks for, with numbers from `draw` and a decoder of its
    /// own; `shift` moves the encoder's bias, so that at −2 most pre-activations are negative.
    let private parameters (spec: SaeSpec) (draw: unit -> float) (decoder: unit -> float[,]) shift =
        Initialisation.create spec spec.DIn.Value 0L
        |> DenseParameters.ofSae spec.Architecture
        |> Map.map (fun name shape ->
            let drawn = shape |> Array2D.map (fun _ -> draw ())

            match name with
            | "W_dec" -> decoder ()
            | "b_enc"
            | "b_gate" -> Array2D.map ((+) shift) drawn
            | "threshold" -> drawn |> Array2D.map (fun value -> 0.4 + 0.35 * value)
            | "log_threshold" -> drawn |> Array2D.map (fun value -> value - 1.0)
            | _ -> drawn)
        |> DenseParameters.map (fun value -> float (float32 value))

    let private problem
        rows
        precision
        (spec: SaeSpec)
        (draw: Random -> float)
        (decoder: Random -> float[,])
        =
        gen {
            let! dead = deadMask spec.DSae
            let! shift = Gen.elements [ 0.0; 0.0; -2.0 ]
            let! seed = Gen.choose (0, Int32.MaxValue)
            let random = Random seed

            return
                { Spec = spec
                  Parameters =
                    parameters spec (fun () -> draw random) (fun () -> decoder random) shift
                  X = Matrix.init rows spec.DIn.Value (fun _ _ -> float32 (draw random))
                  Dead = dead
                  Precision = precision }
        }

    /// Clear steps with numbers in ±1, at one of these precisions where the SAE has an encoder.
    let randomAt precisions specs mostRows mostDim mostLatents =
        gen {
            let! rows = Gen.choose (1, mostRows)
            let! dim = Gen.choose (2, mostDim)
            let! latents = Gen.choose (1, mostLatents)
            let! spec = specs dim latents
            let! precision = Gen.elements precisions

            let precision =
                match spec.Architecture with
                | SaeArchitecture.MatchingPursuit _ -> Precision.Fp32
                | _ -> precision

            let draw (random: Random) = 2.0 * random.NextDouble() - 1.0

            return!
                problem rows precision spec draw (fun random ->
                    Array2D.init latents dim (fun _ _ -> draw random))
        }
        |> Gen.filter isClear

    /// Clear steps in float32 with numbers in ±1.
    let random specs = randomAt [ Precision.Fp32 ] specs

    /// Steps full of ties, in small integers and with powers of two for B, D and the decoder's
    /// norms, so that float32 computes the losses and gradients without rounding.
    let tied specs =
        gen {
            let! rows = Gen.elements [ 1; 2; 4; 8 ]
            let! dim = Gen.elements [ 2; 4; 8 ]
            let! latents = Gen.choose (1, 13)
            let! spec = specs dim latents
            let draw (random: Random) = float (random.Next(-1, 2))

            let decoder (random: Random) =
                let result = Array2D.zeroCreate latents dim

                for j in 0 .. latents - 1 do
                    result[j, random.Next dim] <- [| 1.0; 2.0; -1.0; -2.0 |][random.Next 4]

                result

            return! problem rows Precision.Fp32 spec draw decoder
        }
