/// The derivatives that stand for those of JumpReLU and of the step function, which have none at the threshold.
module SynthSae.Tests.Training.Dense.JumpReluThresholdTests

open System
open FsCheck.FSharp
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private bandwidth = 0.8

let private jump straightThrough =
    { InitThreshold = 0.5
      Bandwidth = bandwidth
      Sparsity = JumpReluSparsity.Step
      L0 = { Value = 1.0; WarmUpSteps = 0<step> }
      PreActLossCoefficient = None
      Parameter = ThresholdParameter.Direct
      StraightThrough = straightThrough
      AuxK = SaeSpec.auxK 0.0 }

let private batch straightThrough =
    let spec = SaeSpec.create 1 (SaeArchitecture.JumpRelu(jump straightThrough))
    DenseExamples.batch spec (DenseExamples.tied (array2D [ [ 1.0 ] ])) (array2D [ [ 1.0 ] ])

/// (value, ∂/∂pre, ∂/∂θ) of a function of one pre-activation and its threshold.
let private at straightThrough f (pre: float, theta: float) =
    let pre, theta =
        Traced.variable (array2D [ [ pre ] ]), Traced.variable (array2D [ [ theta ] ])

    let result: Traced = f (batch straightThrough) (jump straightThrough) theta pre
    let gradients = Gradient.ofScalar result [ pre; theta ] |> List.map (fun g -> g[0, 0])
    result.Scalar, gradients[0], gradients[1]

let private jumpRelu batch jump theta pre =
    snd (JumpReluThreshold.jumpRelu batch jump theta pre)

/// E[t·[t > θ]] for t uniform in pre ± bandwidth/2.
let private meanJumpRelu pre theta =
    let low, high = pre - bandwidth / 2.0, pre + bandwidth / 2.0
    let from = Math.Clamp(theta, low, high)
    (high * high - from * from) / (2.0 * bandwidth)

/// P(t > θ).
let private meanStep pre theta =
    Math.Clamp((pre - theta) / bandwidth + 0.5, 0.0, 1.0)

/// Pre-activations and thresholds off the points at which the derivatives jump.
let private points =
    gen {
        let! pre = Gen.choose (-2000, 2000)
        let! theta = Gen.choose (1, 1000)
        return float pre / 1000.0, float theta / 1000.0
    }
    |> Gen.filter (fun (pre, theta) ->
        abs (pre - theta) > 1e-4 && abs (abs (pre - theta) - bandwidth / 2.0) > 1e-4)

let private difference f x = (f (x + 1e-6) - f (x - 1e-6)) / 2e-6

let private near what (expected: float) (actual: float) =
    Agreement.close what 1e-8 expected actual

[<Fact>]
let ``a threshold moves as if pre-activations had uniform noise`` () =
    Property.forAll points (fun (pre, theta) ->
        for straightThrough in [ false; true ] do
            let value, _, byTheta = at straightThrough jumpRelu (pre, theta)
            Assert.Equal((if pre > theta then pre else 0.0), value)
            near "∂f/∂θ" (difference (meanJumpRelu pre) theta) byTheta
            let value, _, byTheta = at straightThrough JumpReluThreshold.step (pre, theta)
            Assert.Equal((if pre > theta then 1.0 else 0.0), value)
            near "∂[pre > θ]/∂θ" (difference (meanStep pre) theta) byTheta

        true)

[<Fact>]
let ``straight through, a pre-activation gets the jump of the noisy function too`` () =
    Property.forAll points (fun (pre, theta) ->
        // Off the threshold the derivative is that of the function itself, not its mean.
        let fires = if pre > theta then 1.0 else 0.0
        let jump = difference (fun pre -> meanJumpRelu pre theta) pre - meanStep pre theta
        let _, without, _ = at false jumpRelu (pre, theta)
        let _, through, _ = at true jumpRelu (pre, theta)
        near "∂f/∂pre" fires without
        near "∂f/∂pre, straight through" (fires + jump) through
        let _, without, _ = at false JumpReluThreshold.step (pre, theta)
        let _, through, _ = at true JumpReluThreshold.step (pre, theta)
        near "∂[pre > θ]/∂pre" 0.0 without

        near
            "∂[pre > θ]/∂pre, straight through"
            (difference (fun pre -> meanStep pre theta) pre)
            through

        true)

/// Steps of JumpReLU SAEs.
let private steps =
    StepProblems.random SaeSpecs.every 4 5 6
    |> Gen.filter (fun problem -> problem.Spec.Architecture.IsJumpRelu)

let private settingsOf (problem: StepProblem) =
    match problem.Spec.Architecture with
    | SaeArchitecture.JumpRelu jump -> jump
    | _ -> failwith "not a JumpReLU SAE"

let private withParameter parameter (problem: StepProblem) (thresholds: float[,]) =
    let jump = { settingsOf problem with Parameter = parameter }
    let others = problem.Parameters |> Map.remove "threshold" |> Map.remove "log_threshold"

    let values =
        match parameter with
        | ThresholdParameter.Direct -> Map.add "threshold" thresholds others
        | ThresholdParameter.Log -> Map.add "log_threshold" (Array2D.map log thresholds) others

    { problem with
        Spec =
            { problem.Spec with
                Architecture = SaeArchitecture.JumpRelu jump }
        Parameters = values }

let private gradients (problem: StepProblem) =
    let batch = problem.Batch

    Dense.losses batch (Dense.forward batch)
    |> Map.map (fun _ loss -> loss.Scalar, Dense.gradient batch loss)

[<Fact>]
let ``a gradient by the threshold's logarithm is θ times that by the threshold`` () =
    Property.forAll steps (fun problem ->
        let thresholds = Array2D.init 1 problem.Spec.DSae (fun _ j -> 0.1 + 0.09 * float j)
        let direct = gradients (withParameter ThresholdParameter.Direct problem thresholds)
        let log = gradients (withParameter ThresholdParameter.Log problem thresholds)

        for KeyValue(term, (loss, gradient)) in direct do
            let otherLoss, other = log[term]
            near term loss otherLoss

            for KeyValue(name, values) in gradient do
                if name = "threshold" then
                    let expected = DenseAlgebra.map2 (*) values thresholds
                    DenseExamples.same $"{term} by log_threshold" expected other["log_threshold"]
                else
                    DenseExamples.same $"{term} by {name}" values other[name]

        true)

[<Fact>]
let ``the error moves a threshold by the latents within the rectangle, each by what it adds`` () =
    Property.forAll steps (fun problem ->
        let jump = settingsOf problem
        let batch = problem.Batch
        let forward = Dense.forward batch
        let losses = Dense.losses batch forward
        let gradient = Dense.gradient batch losses["mse_loss"]
        let theta = (JumpReluThreshold.theta batch jump).Value

        let outward b =
            match batch.Scaling with
            | Some scaling -> scaling.Outward.Value[b, 0]
            | None -> 1.0

        let expected =
            theta
            |> Array2D.mapi (fun _ j theta ->
                Seq.sum (
                    seq {
                        for b in 0 .. batch.X.Rows - 1 do
                            if
                                abs (forward.Hidden_pre.Value[b, j] - theta) <
                                    jump.Bandwidth / 2.0
                            then
                                let byCode =
                                    Seq.sum (
                                        seq {
                                            for i in 0 .. batch.X.Cols - 1 ->
                                                2.0 / float batch.X.Rows
                                                * (forward.Sae_out.Value[b, i]
                                                   - batch.X.Value[b, i])
                                                * outward b
                                                * problem.Parameters["W_dec"][j, i]
                                        }
                                    )

                                -theta / jump.Bandwidth * byCode
                    }
                ))

        match jump.Parameter with
        | ThresholdParameter.Log ->
            DenseExamples.same
                "log_threshold"
                (DenseAlgebra.map2 (*) expected theta)
                gradient["log_threshold"]
        | ThresholdParameter.Direct ->
            DenseExamples.same "threshold" expected gradient["threshold"]

        true)

[<Fact>]
let ``a threshold below 0 acts as 0 and gets no gradient`` () =
    let spec = SaeSpec.create 2 (SaeArchitecture.JumpRelu(jump false))

    let p =
        DenseExamples.tied (DenseExamples.diagonal [ 1.0; 1.0 ])
        |> Map.add "threshold" (array2D [ [ -0.2; -0.2 ] ])

    let batch = DenseExamples.batch spec p (array2D [ [ 0.1; -0.1 ] ])
    let forward = Dense.forward batch
    Assert.Equal(array2D [ [ 0.1; 0.0 ] ], forward.Feature_acts.Value)
    let gradient = Dense.gradient batch (Dense.total (Dense.losses batch forward))
    Assert.Equal(array2D [ [ 0.0; 0.0 ] ], gradient["threshold"])

[<Fact>]
let ``sparsity losses of two samples worked out by hand`` () =
    let x = array2D [ [ 2.0; 0.2 ]; [ 1.0; 3.0 ] ]

    let loss sparsity =
        let jump =
            { jump false with
                Sparsity = sparsity
                L0 = { Value = 0.1; WarmUpSteps = 0<step> } }

        let spec =
            { SaeSpec.create 2 (SaeArchitecture.JumpRelu jump) with
                TargetL0 = Some 2.0 }

        let p =
            DenseExamples.tied (DenseExamples.diagonal [ 1.0; 2.0 ])
            |> Map.add "threshold" (array2D [ [ 0.5; 0.5 ] ])

        (DenseExamples.losses (DenseExamples.batch spec p x))["l0_loss"]

    // Latents (2, 0) and (1, 6), decoder norms 1 and 2.
    near "step" (0.1 * 1.5) (loss JumpReluSparsity.Step)
    near "quadratic" (0.1 * 0.0625) (loss JumpReluSparsity.Quadratic)
    near "tanh" (0.05 * (tanh 1.0 + tanh 0.5 + tanh 6.0)) (loss (JumpReluSparsity.Tanh 0.5))
