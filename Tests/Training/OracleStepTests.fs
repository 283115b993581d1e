module SynthSae.Tests.Training.OracleStepTests

open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Tests
open Xunit

/// Every implementation on every recorded run of the reference.
let cases: seq<obj[]> =
    seq {
        for implementation in TrainingSteps.implementations do
            for oracle in StepOracles.names do
                if implementation.Trains (StepOracles.read oracle).Sae.Architecture then
                    [| box implementation; box oracle |]
    }

let private pursues name =
    (StepOracles.read name).Sae.Architecture.IsMatchingPursuit

/// Every recorded run but those of matching pursuit.
let others: seq<obj[]> =
    seq {
        for name in StepOracles.names do
            if not (pursues name) then
                [| box name |]
    }

let private parameters prefix (oracle: StepOracle) : DenseParameters =
    Map
        [ for KeyValue(name, tensor) in oracle.Tensors do
              if name.StartsWith(prefix: string) && tensor.Shape.Length > 0 then
                  name.Substring prefix.Length, StepOracles.array2D tensor ]

let private start (implementation: TrainingStepImplementation) (oracle: StepOracle) =
    implementation.Start oracle.Sae TrainingSteps.training (parameters "init." oracle)

let private take (oracle: StepOracle) (run: ITrainingStep) (step: OracleStep) =
    run.Step(StepSettings.start oracle.Sae oracle.Lr step.Dead, step.X)

/// The dense steps of the oracle, with the bounds for a float32 step.
let private denseSteps (oracle: StepOracle) =
    (DenseStep.startWith (parameters "init." oracle), oracle.Steps)
    ||> List.mapFold (fun state step ->
        let x = TrainingSteps.ofMatrix step.X
        let settings = StepSettings.start oracle.Sae oracle.Lr step.Dead
        let result = DenseStep.run oracle.Sae TrainingSteps.training settings x state
        let batch = Dense.trace oracle.Sae settings state.Parameters x
        (result, StepBounds.ofStep batch), result.State)
    |> fst

let private firstBounds oracle = snd (denseSteps oracle).Head

/// Bounds between the reference and an implementation, which may both compute in float32.
let private twice (values: float[,]) = Array2D.map ((*) 2.0) values

/// Losses and thresholds are made of many values, whose errors largely cancel; those of the later
/// steps also feel the few weights whose first update has an open sign. The reference's lie within
/// 3e-7.
let private closeRelative what expected actual =
    Agreement.close what (3e-6 * abs expected) expected actual

let private weightErrors (oracle: StepOracle) count =
    denseSteps oracle
    |> List.truncate count
    |> Agreement.weightErrors TrainingSteps.training oracle.Lr
    |> DenseParameters.map ((*) 2.0)

[<Theory; MemberData(nameof cases)>]
let ``losses and L0 of each step are the reference's``
    (implementation: TrainingStepImplementation)
    name
    =
    let oracle: StepOracle = StepOracles.read name
    let run = start implementation oracle

    for step in oracle.Steps do
        let observed = take oracle run step
        let codes = Seq.cast<float> observed.Codes
        let active = codes |> Seq.filter (fun a -> a <> 0.0) |> Seq.length

        Assert.Equal<string list>(List.ofSeq step.Losses.Keys, List.ofSeq observed.Losses.Keys)

        for KeyValue(term, loss) in step.Losses do
            closeRelative term loss observed.Losses[term]

        Assert.Equal(step.L0, float active / float step.X.Rows)

[<Theory; MemberData(nameof cases)>]
let ``activations and reconstruction of the first step are the reference's``
    (implementation: TrainingStepImplementation)
    name
    =
    let oracle: StepOracle = StepOracles.read name
    let observed = take oracle (start implementation oracle) oracle.Steps.Head
    let weights = parameters "init." oracle
    let bounds = firstBounds oracle

    let acts =
        if oracle.Sae.Architecture.Rescales then
            let norms = DenseAlgebra.transpose (DenseAlgebra.rowNorms weights["W_dec"])
            DenseAlgebra.map2 (*) observed.Codes norms
        else
            observed.Codes

    let decoded = DenseAlgebra.multiply observed.Codes weights["W_dec"]
    let out = DenseAlgebra.map2 (+) decoded weights["b_dec"]
    let expected = StepOracles.array2D oracle.Tensors["feature_acts_0"]
    Agreement.closeEach2D "feature_acts" (twice bounds.Feature_acts) expected acts
    let expected = StepOracles.array2D oracle.Tensors["sae_out_0"]
    Agreement.closeEach2D "sae_out" (twice bounds.Sae_out) expected out

[<Theory; MemberData(nameof cases)>]
let ``gradients before clipping are the reference's``
    (implementation: TrainingStepImplementation)
    name
    =
    let oracle: StepOracle = StepOracles.read name
    let observed = take oracle (start implementation oracle) oracle.Steps.Head
    let bounds = (firstBounds oracle).Gradient |> DenseParameters.map ((*) 2.0)
    let expected = parameters "grad." oracle
    Agreement.closeTensors "gradient of" bounds expected observed.Gradient
    closeRelative "gradient norm" oracle.GradientNorm0 observed.GradientNorm

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

        let expected = parameters $"after_{count}." oracle
        Agreement.closeTensors "new" (weightErrors oracle count) expected run.Parameters

[<Theory; MemberData(nameof others)>]
let ``bounds are tight for nearly all gradients and weights`` name =
    let oracle: StepOracle = StepOracles.read name

    let share holds values =
        float (values |> Array.filter holds |> Array.length) / float values.Length

    let dense, bounds = (denseSteps oracle).Head

    for gradient, bound in
        List.zip (Agreement.tensors dense.Gradient) (Agreement.tensors bounds.Gradient) do
        let largest = gradient |> Array.map abs |> Array.max
        Assert.InRange(Array.max bound, 0.0, 2e-5 * largest)

    for count in [ 1; 3 ] do
        let bounds = Agreement.tensors (weightErrors oracle count) |> Array.concat
        let loose = share (fun bound -> bound > 0.02 * oracle.Lr * float count) bounds
        Assert.InRange(loose, 0.0, 0.05)

/// In matching pursuit each iteration may multiply the errors of the one before, so that derived bounds grow with
/// their number while the errors hardly do.
[<Theory; InlineData "matching_pursuit"; InlineData "matching_pursuit_stop">]
let ``gradients of matching pursuit are much closer than its bounds`` name =
    let oracle = StepOracles.read name
    let gradient = (fst (denseSteps oracle).Head).Gradient

    for KeyValue(parameter, expected) in parameters "grad." oracle do
        let largest = Seq.cast<float> expected |> Seq.map abs |> Seq.max
        let bounds = expected |> Array2D.map (fun _ -> 3e-6 * largest)
        Agreement.closeEach2D parameter bounds expected gradient[parameter]

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

        closeRelative "topk_threshold" expected run.TopkThreshold
