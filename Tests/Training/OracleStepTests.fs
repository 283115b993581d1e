module SynthSae.Tests.Training.OracleStepTests

open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Tests
open Xunit

/// Every implementation on every recorded run of the reference.
let cases: seq<obj[]> =
    seq {
        for implementation in TrainingSteps.implementations do
            for oracle in [ "topk"; "batchtopk" ] do
                [| box implementation; box oracle |]
    }

let private parameters prefix (oracle: StepOracle) =
    { W_enc = StepOracles.array2D oracle.Tensors[prefix + "W_enc"]
      W_dec = StepOracles.array2D oracle.Tensors[prefix + "W_dec"]
      b_enc = oracle.Tensors[prefix + "b_enc"].Values
      b_dec = oracle.Tensors[prefix + "b_dec"].Values }

let private initial (oracle: StepOracle) : Sae =
    { Encoder = Matrix.transpose (StepOracles.matrix oracle.Tensors["init.W_enc"])
      Decoder = StepOracles.matrix oracle.Tensors["init.W_dec"]
      EncoderBias = oracle.Tensors["init.b_enc"].Values |> Array.map float32
      DecoderBias = oracle.Tensors["init.b_dec"].Values |> Array.map float32
      ApplyDecoderBiasToInput = oracle.Sae.ApplyBDecToInput
      Activation = Initialisation.activation oracle.Sae.Architecture }

let private start (implementation: TrainingStepImplementation) (oracle: StepOracle) =
    implementation.Start oracle.Sae TrainingSteps.training (initial oracle)

let private take (oracle: StepOracle) (run: ITrainingStep) (step: OracleStep) =
    run.Step(oracle.Lr, step.Dead, step.X)

/// The dense steps of the oracle, from which the bounds on weights are worked out.
let private denseSteps (oracle: StepOracle) =
    (DenseStep.start (initial oracle), oracle.Steps)
    ||> List.mapFold (fun state step ->
        let x = TrainingSteps.ofMatrix step.X
        let result = DenseStep.run oracle.Sae TrainingSteps.training oracle.Lr step.Dead x state
        result, result.State)
    |> fst

let private weightErrors (oracle: StepOracle) count =
    denseSteps oracle
    |> List.truncate count
    |> Agreement.weightErrors TrainingSteps.training oracle.Lr

[<Theory; MemberData(nameof cases)>]
let ``losses and L0 of each step are the reference's``
    (implementation: TrainingStepImplementation)
    name
    =
    let oracle: StepOracle = StepOracles.read name
    let run = start implementation oracle

    for step in oracle.Steps do
        let observed = take oracle run step

        let active =
            observed.Codes |> Seq.cast<float> |> Seq.filter (fun a -> a <> 0.0) |> Seq.length

        Agreement.closeRelative "mse" step.Mse observed.Losses.Mse

        Agreement.closeRelative
            "auxiliary_reconstruction"
            step.Auxiliary_reconstruction
            observed.Losses.Auxiliary_reconstruction

        Assert.Equal(step.L0, float active / float step.X.Rows)

[<Theory; MemberData(nameof cases)>]
let ``activations and reconstruction of the first step are the reference's``
    (implementation: TrainingStepImplementation)
    name
    =
    let oracle: StepOracle = StepOracles.read name
    let observed = take oracle (start implementation oracle) oracle.Steps.Head
    let weights = parameters "init." oracle
    let norms = DenseAlgebra.rowNorms weights.W_dec
    let acts = observed.Codes |> Array2D.mapi (fun _ j a -> a * norms[j])

    let out =
        DenseAlgebra.mapRows (+) (DenseAlgebra.multiply observed.Codes weights.W_dec) weights.b_dec

    Agreement.closeArray2D
        "feature_acts"
        (StepOracles.array2D oracle.Tensors["feature_acts_0"])
        acts

    Agreement.closeArray2D "sae_out" (StepOracles.array2D oracle.Tensors["sae_out_0"]) out

[<Theory; MemberData(nameof cases)>]
let ``gradients before clipping are the reference's``
    (implementation: TrainingStepImplementation)
    name
    =
    let oracle: StepOracle = StepOracles.read name
    let observed = take oracle (start implementation oracle) oracle.Steps.Head
    Agreement.closeGradients (parameters "grad." oracle) observed.Gradient
    Agreement.closeRelative "gradient norm" oracle.GradientNorm0 observed.GradientNorm

[<Theory; MemberData(nameof cases)>]
let ``weights after one and three steps are the reference's``
    (implementation: TrainingStepImplementation)
    name
    =
    let oracle: StepOracle = StepOracles.read name

    for count in [ 1; 3 ] do
        let run = start implementation oracle

        for step in List.truncate count oracle.Steps do
            take oracle run step |> ignore

        Agreement.closeWeights
            (weightErrors oracle count)
            (parameters $"after_{count}." oracle)
            run.Parameters

[<Theory; InlineData "topk"; InlineData "batchtopk">]
let ``bounds on the weights are tight for nearly all of them`` name =
    let oracle: StepOracle = StepOracles.read name

    for count in [ 1; 3 ] do
        let bounds = weightErrors oracle count |> Array.concat
        let loose = bounds |> Array.filter (fun bound -> bound > 0.01 * oracle.Lr * float count)
        Assert.InRange(float loose.Length / float bounds.Length, 0.0, 0.05)

[<Theory; MemberData(nameof cases)>]
let ``the threshold after one and three steps is the reference's``
    (implementation: TrainingStepImplementation)
    name
    =
    let oracle: StepOracle = StepOracles.read name

    for count in [ 1; 3 ] do
        let run = start implementation oracle

        for step in List.truncate count oracle.Steps do
            take oracle run step |> ignore

        let expected =
            match oracle.Tensors.TryFind $"after_{count}.topk_threshold" with
            | Some tensor -> tensor.Values[0]
            | None -> 0.0

        Agreement.closeRelative "topk_threshold" expected run.TopkThreshold
