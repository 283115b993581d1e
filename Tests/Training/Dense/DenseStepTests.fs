/// What a dense step does beside the loss of its batch.
module SynthSae.Tests.Training.Dense.DenseStepTests

open FsCheck.FSharp
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private run (problem: StepProblem) settings =
    DenseStep.run
        problem.Spec
        TrainingSteps.training
        settings
        (TrainingSteps.ofMatrix problem.X)
        (DenseStep.startWith problem.Parameters)

let private settings (problem: StepProblem) =
    StepSettings.start problem.Spec 3e-4 problem.Dead

let private steps = StepProblems.random SaeSpecs.every 4 5 6

let private along (a: float[,]) (b: float[,]) =
    DenseAlgebra.sumTo (DenseAlgebra.rows a) 1 (DenseAlgebra.map2 (*) a b)

[<Fact>]
let ``rows of unit norm lose the gradient along them and keep their norm`` () =
    Property.forAll steps (fun problem ->
        let rows = problem.Parameters["W_dec"]
        let unit = DenseAlgebra.map2 (/) rows (DenseAlgebra.rowNorms rows)

        let problem =
            { problem with
                Spec = { problem.Spec with DecoderNorm = DecoderNorm.Unit }
                Parameters = Map.add "W_dec" unit problem.Parameters }

        let result = run problem (settings problem)

        let free =
            run
                { problem with
                    Spec = { problem.Spec with DecoderNorm = DecoderNorm.Free } }
                (settings problem)

        let zeros = Array2D.zeroCreate<float> problem.Spec.DSae 1
        let size = 1e-9 * max 1.0 free.GradientNorm

        Agreement.closeEach2D
            "along"
            (Array2D.map (fun _ -> size) zeros)
            zeros
            (along result.Gradient["W_dec"] unit)
        // What was lost is a multiple of the row.
        let lost = DenseAlgebra.map2 (-) free.Gradient["W_dec"] result.Gradient["W_dec"]
        let multiple = DenseAlgebra.map2 (*) unit (along lost unit)
        Agreement.closeEach2D "lost" (Array2D.map (fun _ -> size) lost) multiple lost
        Assert.Equal(DenseParameters.norm result.Gradient, result.GradientNorm)
        let ones = Array2D.create problem.Spec.DSae 1 1.0
        DenseExamples.same "norms" ones (DenseAlgebra.rowNorms result.State.Parameters["W_dec"])
        true)

[<Fact>]
let ``a step takes the k that it is told`` () =
    let spec = SaeSpec.batchTopK 4 3.0
    let p = DenseExamples.tied (DenseExamples.diagonal [ 1.0; 1.0; 1.0; 1.0 ])
    let x = array2D [ [ 1.0; 2.0; 3.0; 4.0 ]; [ 4.0; 3.0; 2.0; 1.0 ] ]

    let l0 k =
        Dense.l0 (Dense.forward (Dense.trace spec { DenseExamples.settings spec with K = k } p x))

    Assert.Equal(1.5, l0 1.5)
    Assert.Equal(3.0, l0 3.0)
    Assert.Equal(3.0, l0 nan)

[<Fact>]
let ``a step takes the coefficient that it is told`` () =
    let l1 = { Value = 2.0; WarmUpSteps = 10<step> }
    let spec = SaeSpec.create 2 (SaeArchitecture.Standard { L1 = l1; LpNorm = 1.0 })
    let p = DenseExamples.tied (DenseExamples.diagonal [ 1.0; 1.0 ])

    let loss coefficient =
        let settings =
            { DenseExamples.settings spec with
                Coefficient = coefficient }

        (DenseExamples.losses (Dense.trace spec settings p (array2D [ [ 1.0; 3.0 ] ])))["l1_loss"]

    Assert.Equal(0.0, loss 0.0)
    Assert.Equal(6.0, loss 1.5)

[<Fact>]
let ``both selections of a refined encoder have their running threshold`` () =
    Property.forAll steps (fun problem ->
        let result = run problem (settings problem)
        let rate = problem.Spec.Architecture.ThresholdLr
        let state, forward = result.State, result.Forward
        Assert.Equal(rate * DenseStep.smallest forward.Feature_acts.Value, state.Topk_threshold)

        match forward.First_acts with
        | Some first -> Assert.Equal(rate * DenseStep.smallest first.Value, state.First_threshold)
        | None -> Assert.Equal(0.0, state.First_threshold)

        Assert.Equal(problem.Spec.ListaEta.IsSome, forward.First_acts.IsSome)
        true)

[<Fact>]
let ``frequencies learn from a step where levels are ordered by them`` () =
    Property.forAll steps (fun problem ->
        let settings = settings problem
        let result = run problem settings

        match problem.Spec.Architecture with
        | SaeArchitecture.Matryoshka(_, _, _, { Order = LevelOrder.Frequency }) ->
            let acts = result.Forward.Feature_acts.Value
            let fired = acts |> Array2D.map (fun f -> if f <> 0.0 then 1.0 else 0.0)
            let counts = DenseAlgebra.elements (DenseAlgebra.sumTo 1 problem.Spec.DSae fired)
            Assert.Equal(1L, settings.Frequencies.Batches)

            Assert.Equal<float[]>(
                counts |> Array.map (fun n -> n / float problem.X.Rows),
                settings.Frequencies.Shares
            )
        | _ -> Assert.Equal(0L, settings.Frequencies.Batches)

        true)

[<Fact>]
let ``parameters survive the way through an SAE`` () =
    Property.forAll steps (fun problem ->
        let initial =
            SynthSae.Compute.Training.Initialisation.create problem.Spec problem.X.Cols 0L

        let sae = DenseParameters.toSae initial problem.Parameters
        let again = DenseParameters.ofSae problem.Spec.Architecture sae

        for KeyValue(name, values) in problem.Parameters do
            // Thresholds are kept as θ in float32, from which the logarithm comes back with an error of 2⁻²⁴.
            let bound = if name = "log_threshold" then 1e-7 else 0.0
            Agreement.closeEach2D name (Array2D.map (fun _ -> bound) values) values again[name]

        Assert.Equal(problem.Parameters.Count, again.Count)
        true)
