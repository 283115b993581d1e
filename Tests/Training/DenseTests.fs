/// The dense step against finite differences, and its selections against examples worked out by
/// hand.
module SynthSae.Tests.Training.DenseTests

open System.Collections.Generic
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private largest (p: DenseParameters) =
    p.Values |> Seq.collect Seq.cast<float> |> Seq.map abs |> Seq.fold max 1.0

/// Within 1e-6 of the gradient's largest element, or of 1.
let private same what (expected: DenseParameters) (actual: DenseParameters) =
    let bound = 1e-6 * largest expected
    let bounds = expected |> DenseParameters.map (fun _ -> bound)
    Agreement.closeTensors $"gradient of {what}" bounds expected actual
    true

let private lossesOf batch =
    Dense.losses batch (Dense.forward batch)

/// A batch that notes what the loss takes as given, and others that are given the same.
let private recorded (problem: StepProblem) =
    let stops, choices = Queue<Traced>(), Queue<bool[,]>()

    let note (queue: Queue<'T>) value =
        queue.Enqueue value
        value

    let first =
        { problem.Batch with
            Stop = Traced.stop >> note stops
            Choose = note choices }

    let replay q =
        let stops, choices = Queue stops, Queue choices

        { problem.BatchWith q with
            Stop = fun _ -> stops.Dequeue()
            Choose = fun _ -> choices.Dequeue() }

    first, replay

/// Steps of every architecture.
let private steps = StepProblems.random SaeSpecs.every 4 5 6

/// Whether a derivative by this parameter stands for one that does not exist: see `JumpReluThresholdTests`.
let private isPseudo (spec: SaeSpec) term (parameter: string) =
    match spec.Architecture with
    | SaeArchitecture.JumpRelu jump ->
        List.contains term [ "mse_loss"; "l0_loss" ]
        && (jump.StraightThrough || parameter.EndsWith "threshold")
    | _ -> false

[<Fact>]
let ``the gradient of each term of the loss is its finite differences`` () =
    Property.forAll steps (fun problem ->
        let batch, replay = recorded problem
        let losses = lossesOf batch
        let p = problem.Parameters

        let values () =
            lossesOf (replay p) |> Map.map (fun _ loss -> loss.Scalar)

        let differences = p |> Map.map (fun _ -> FiniteDifferences.ofTerms values)

        losses
        |> Map.forall (fun term loss ->
            let checkedOnes = Map.filter (fun name _ -> not (isPseudo problem.Spec term name))
            let expected = differences |> Map.map (fun _ terms -> Map.find term terms)
            same term (checkedOnes expected) (checkedOnes (Dense.gradient batch loss))))

[<Fact>]
let ``the random steps are of valid specifications and cover every architecture and option`` () =
    let problems = FsCheck.FSharp.Gen.sample 1500 steps
    let specs = problems |> Array.map _.Spec

    for spec in specs do
        match SaeSpec.validate spec with
        | Ok _ -> ()
        | Error errors -> failwith $"{spec}: {errors}"

    let covered what holds =
        Assert.True(Seq.exists holds problems, $"no step with {what}")

    for case in FSharp.Reflection.FSharpType.GetUnionCases typeof<SaeArchitecture> do
        covered case.Name (fun problem -> $"{problem.Spec.Architecture}".StartsWith case.Name)

    covered "a refined encoder" _.Spec.ListaEta.IsSome
    covered "constant norms" _.Spec.Normalization.IsConstantNorm
    covered "layer norms" _.Spec.Normalization.IsLayerNorm

    let levels holds (problem: StepProblem) =
        match problem.Spec.Architecture with
        | SaeArchitecture.Matryoshka(_, _, _, levels) ->
            not levels.Widths.IsEmpty && levels.Widths.Head < problem.Spec.DSae && holds levels
        | _ -> false

    covered "levels cut off" (levels _.Detached)
    covered "levels by frequency" (levels _.Order.IsFrequency)
    covered "penalties of levels" (levels (fun levels -> not levels.L1Coefficients.IsEmpty))

    covered "AuxK of levels" (fun problem ->
        levels _.AuxLossPerLevel problem && Array.contains true problem.Dead)

    let jump holds (problem: StepProblem) =
        match problem.Spec.Architecture with
        | SaeArchitecture.JumpRelu jump -> holds jump
        | _ -> false

    covered "a quadratic sparsity loss" (jump _.Sparsity.IsQuadratic)
    covered "gradients straight through" (jump _.StraightThrough)
    covered "thresholds by their logarithm" (jump _.Parameter.IsLog)

    covered "a loss on pre-activations" (fun problem ->
        jump _.PreActLossCoefficient.IsSome problem && Array.contains true problem.Dead)

[<Fact>]
let ``the gradient of the loss is the sum of its terms' gradients`` () =
    Property.forAll steps (fun problem ->
        let batch = problem.Batch
        let losses = lossesOf batch
        let gradients = losses.Values |> Seq.map (Dense.gradient batch)
        let sum = Seq.reduce DenseParameters.add gradients
        same "the loss" sum (Dense.gradient batch (Dense.total losses)))

let private rescaled rescale (spec: SaeSpec) =
    let change family =
        { family with RescaleActsByDecoderNorm = rescale }

    { spec with
        Architecture =
            match spec.Architecture with
            | SaeArchitecture.TopK(k, family) -> SaeArchitecture.TopK(k, change family)
            | SaeArchitecture.BatchTopK(k, lr, family) ->
                SaeArchitecture.BatchTopK(k, lr, change family)
            | other -> other }

[<Fact>]
let ``rescaling by the decoder norm changes the selection and nothing else`` () =
    Property.forAll (StepProblems.random SaeSpecs.plain 4 5 6) (fun problem ->
        let selected = (Dense.forward problem.Batch).Selected

        let gradient rescale =
            let changed = { problem with Spec = rescaled rescale problem.Spec }
            let batch = { changed.Batch with Choose = fun _ -> selected }
            let losses = lossesOf batch
            Dense.gradient batch losses["mse_loss"]

        same "mse_loss" (gradient true) (gradient false))

/// An SAE whose hidden_pre is its input: identities, no biases.
let private identity width : DenseParameters =
    let one = Array2D.init width width (fun i j -> if i = j then 1.0 else 0.0)

    let zero = DenseAlgebra.ofVector (Array.zeroCreate width)
    Map [ "W_enc", one; "W_dec", one; "b_enc", zero; "b_dec", zero ]

let private marks (selected: bool[,]) =
    [ for b in 0 .. Array2D.length1 selected - 1 ->
          [ for j in 0 .. Array2D.length2 selected - 1 do
                if selected[b, j] then
                    j ] ]

let private forward spec p x =
    Dense.forward (Dense.trace spec (StepSettings.start spec 3e-4 (Array.create 4 false)) p x)

let private topK k = SaeSpec.topK 4 k
let private batchTopK k = SaeSpec.batchTopK 4 k

[<Fact>]
let ``TopK keeps the k largest of each sample and the lower latent of a tie`` () =
    let x =
        array2D
            [ [ 1.0; 2.0; 2.0; 2.0 ]
              [ 3.0; 3.0; 3.0; 3.0 ]
              [ -1.0; -2.0; 5.0; -1.0 ]
              [ 0.0; 1.0; 0.0; 4.0 ] ]

    let forward = forward (topK 2) (identity 4) x
    Assert.Equal<int list list>([ [ 1; 2 ]; [ 0; 1 ]; [ 0; 2 ]; [ 1; 3 ] ], marks forward.Selected)
    let active = forward.Feature_acts.Value |> Array2D.map (fun f -> f > 0.0)
    Assert.Equal<int list list>([ [ 1; 2 ]; [ 0; 1 ]; [ 2 ]; [ 1; 3 ] ], marks active)

[<Fact>]
let ``BatchTopK keeps the largest of the batch and the lower flat index of a tie`` () =
    let x = array2D [ [ 2.0; 1.0; 2.0; 0.0 ]; [ 1.0; 0.0; 0.0; 0.0 ]; [ 2.0; 2.0; 0.0; 3.0 ] ]

    let selected k =
        marks (forward (batchTopK k) (identity 4) x).Selected

    Assert.Equal<int list list>([ [ 0; 2 ]; []; [ 3 ] ], selected 1.0)
    Assert.Equal<int list list>([ [ 0 ]; []; [ 3 ] ], selected 0.99)
    Assert.Equal<int list list>([ []; []; [ 3 ] ], selected 0.5)
    Assert.Equal<int list list>([ []; []; [] ], selected 0.3)
    Assert.Equal<int list list>([ [ 0; 2 ]; []; [ 0; 1; 3 ] ], selected (5.0 / 3.0))

[<Fact>]
let ``BatchTopK with room for more than the positive values keeps them all`` () =
    let x = array2D [ [ 2.0; -1.0; 0.0; -3.0 ]; [ -1.0; -1.0; -1.0; -1.0 ] ]
    let forward = forward (batchTopK 3.0) (identity 4) x

    Assert.Equal(
        array2D [ [ 2.0; 0.0; 0.0; 0.0 ]; [ 0.0; 0.0; 0.0; 0.0 ] ],
        forward.Feature_acts.Value
    )

    Assert.Equal(0.5, Dense.l0 forward)

[<Fact>]
let ``selection compares pre-activations times the decoder's norm, and the decoder divides by it``
    ()
    =
    let p =
        identity 4
        |> Map.add "W_dec" (Array2D.init 4 4 (fun i j -> if i = j then float (i + 1) else 0.0))

    let x = array2D [ [ 3.0; 2.0; 1.0; 1.0 ] ]
    let rescaledForward = forward (topK 1) p x
    Assert.Equal<int list list>([ [ 1 ] ], marks rescaledForward.Selected)
    Assert.Equal(array2D [ [ 0.0; 4.0; 0.0; 0.0 ] ], rescaledForward.Feature_acts.Value)
    Assert.Equal(array2D [ [ 0.0; 4.0; 0.0; 0.0 ] ], rescaledForward.Sae_out.Value)
    let plain = forward (rescaled false (topK 1)) p x
    Assert.Equal<int list list>([ [ 0 ] ], marks plain.Selected)

[<Fact>]
let ``AuxK takes half of D raw values among dead latents, and the lower latent of a tie`` () =
    let x = array2D [ [ 9.0; 7.0; 7.0; 7.0 ]; [ 9.0; -3.0; -1.0; -2.0 ] ]

    let batch dead =
        Dense.trace (topK 1) (StepSettings.start (topK 1) 3e-4 dead) (identity 4) x

    let auxiliary dead =
        List.exactlyOne (DenseAuxK.targets (batch dead) (Dense.forward (batch dead)))

    let mask = [| false; true; true; true |]
    let three = auxiliary mask
    Assert.Equal<int list list>([ [ 1; 2 ]; [ 2; 3 ] ], marks three.Selected)
    Assert.Equal(1.0, three.Scale)
    // e = (0, 7, 7, 7) and (0, −3, −1, −2); ê lacks one 7, and the −3: (49 + 9)/2.
    let losses = lossesOf (batch mask)
    Assert.Equal(29.0, losses["auxiliary_reconstruction_loss"].Scalar)
    let one = auxiliary [| false; false; true; false |]
    Assert.Equal<int list list>([ [ 2 ]; [ 2 ] ], marks one.Selected)
    Assert.Equal(0.5, one.Scale)
    let none = batch (Array.create 4 false)
    Assert.Empty(DenseAuxK.targets none (Dense.forward none))

[<Fact>]
let ``the threshold follows the least positive activation and rests without one`` () =
    let acts = array2D [ [ 0.0; 5.0 ]; [ 3.0; 0.0 ] ]
    let batch, row = batchTopK 1.0, topK 1
    Assert.Equal(0.03, DenseStep.threshold batch acts 0.0, 15)
    Assert.Equal(0.99 * 2.0 + 0.03, DenseStep.threshold batch acts 2.0, 15)
    Assert.Equal(2.0, DenseStep.threshold batch (Array2D.zeroCreate 2 2) 2.0)
    Assert.Equal(0.0, DenseStep.threshold row acts 0.0)

[<Fact>]
let ``gradients are scaled to a norm of just under 1, and left alone when smaller`` () =
    Assert.Equal(1.0 / 4.000001, DenseStep.clipScale 4.0, 15)
    Assert.Equal(1.0, DenseStep.clipScale 0.5)
    Assert.Equal(1.0, DenseStep.clipScale 0.0)

[<Fact>]
let ``Adam's first steps under a constant gradient have the length of the learning rate`` () =
    let zero = DenseParameters.zeros (identity 2)

    let start = DenseStep.startWith zero
    let gradient = identity 2 |> DenseParameters.map (fun value -> -0.25 * value)
    let step = DenseStep.adam TrainingSteps.training 0.1 gradient
    let after = start |> step |> step |> step
    Assert.Equal(3, after.Step)
    // m̂ = g and √v̂ = |g| at each step.
    Assert.Equal(0.3 * 0.25 / (0.25 + 1e-8), after.Parameters["W_dec"][0, 0], 12)
    Assert.Equal(0.0, after.Parameters["W_dec"][0, 1])
