/// The dense step against finite differences, and its selections against examples worked out by
/// hand.
module SynthSae.Tests.Training.DenseTests

open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

/// Step of the central differences. Their error is about h²·|f‴| + 1e-16·|f|/h, below 1e-9 for
/// functions and derivatives of size 1 to 10; the bound is 1e-6 of the gradient's largest element,
/// or of 1.
let private h = 1e-5

/// Central difference of f along each number of a parameter tensor, which is changed in place and
/// restored.
let private differences1D (f: unit -> float) (values: float[]) =
    values
    |> Array.mapi (fun i value ->
        values[i] <- value + h
        let above = f ()
        values[i] <- value - h
        let below = f ()
        values[i] <- value
        (above - below) / (2.0 * h))

let private differences2D (f: unit -> float) (values: float[,]) =
    Array2D.init (Array2D.length1 values) (Array2D.length2 values) (fun i j ->
        let value = values[i, j]
        values[i, j] <- value + h
        let above = f ()
        values[i, j] <- value - h
        let below = f ()
        values[i, j] <- value
        (above - below) / (2.0 * h))

/// The gradient of f at p by central differences.
let private differences (f: DenseParameters -> float) (p: DenseParameters) =
    let f () = f p

    { W_enc = differences2D f p.W_enc
      W_dec = differences2D f p.W_dec
      b_enc = differences1D f p.b_enc
      b_dec = differences1D f p.b_dec }

let private same (expected: DenseParameters) (actual: DenseParameters) =
    let expected, actual =
        Array.concat (Agreement.tensors expected), Array.concat (Agreement.tensors actual)

    let bound = 1e-6 * Array.fold (fun most value -> max most (abs value)) 1.0 expected
    Agreement.closeEach "gradient" (Array.create expected.Length bound) expected actual
    true

let private setUp (problem: StepProblem) =
    let p = DenseParameters.ofSae problem.Sae
    let x = TrainingSteps.ofMatrix problem.X
    p, x, Dense.forward problem.Spec p x

/// Again from other parameters, with the selection of a forward pass.
let private again (problem: StepProblem) x (forward: DenseForward) q =
    Dense.forwardWith (fun _ -> forward.Selected) problem.Spec q x

[<Fact>]
let ``gradients of the mse are its finite differences`` () =
    Property.forAll (StepProblems.random 4 5 6) (fun problem ->
        let p, x, forward = setUp problem
        let mse q = Dense.mse x (again problem x forward q)
        same (differences mse p) (Dense.mseGradient problem.Spec p x forward))

[<Fact>]
let ``gradients of the auxiliary loss are its finite differences at a fixed residual`` () =
    Property.forAll (StepProblems.random 4 5 6) (fun problem ->
        let p, x, forward = setUp problem
        let dead = problem.Dead |> Array.mapi (fun j dead -> dead || j = 0)
        let auxiliary = (Dense.auxiliary problem.Spec dead x forward).Value

        let loss q =
            Dense.auxiliaryReconstruction q auxiliary (again problem x forward q)

        same (differences loss p) (Dense.auxiliaryGradient problem.Spec p auxiliary forward))

[<Fact>]
let ``the gradient of the loss is the sum of its terms' gradients`` () =
    Property.forAll (StepProblems.random 4 5 6) (fun problem ->
        let p, x, forward = setUp problem
        let mse = Dense.mseGradient problem.Spec p x forward
        let losses, gradient = Dense.lossAndGradient problem.Spec p problem.Dead x forward

        match Dense.auxiliary problem.Spec problem.Dead x forward with
        | None -> losses.Auxiliary_reconstruction = 0.0 && gradient = mse
        | Some auxiliary ->
            let aux = Dense.auxiliaryGradient problem.Spec p auxiliary forward

            losses.Auxiliary_reconstruction = Dense.auxiliaryReconstruction p auxiliary forward
            && same (DenseParameters.add mse aux) gradient)

let private rescaled rescale (spec: SaeSpec) =
    let change family =
        { family with RescaleActsByDecoderNorm = rescale }

    { spec with
        Architecture =
            match spec.Architecture with
            | SaeArchitecture.TopK(k, family) -> SaeArchitecture.TopK(k, change family)
            | SaeArchitecture.BatchTopK(k, lr, family) ->
                SaeArchitecture.BatchTopK(k, lr, change family) }

[<Fact>]
let ``rescaling by the decoder norm changes the selection and nothing else`` () =
    Property.forAll (StepProblems.random 4 5 6) (fun problem ->
        let _, x, forward = setUp problem
        let p = DenseParameters.ofSae problem.Sae

        let gradient rescale =
            let spec = rescaled rescale problem.Spec
            let forward = Dense.forwardWith (fun _ -> forward.Selected) spec p x
            Dense.mseGradient spec p x forward

        same (gradient true) (gradient false))

/// An SAE whose hidden_pre is its input: identities, no biases.
let private identity width : DenseParameters =
    let one = Array2D.init width width (fun i j -> if i = j then 1.0 else 0.0)

    { W_enc = one
      W_dec = one
      b_enc = Array.zeroCreate width
      b_dec = Array.zeroCreate width }

let private marks (selected: bool[,]) =
    [ for b in 0 .. Array2D.length1 selected - 1 ->
          [ for j in 0 .. Array2D.length2 selected - 1 do
                if selected[b, j] then
                    j ] ]

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

    let forward = Dense.forward (topK 2) (identity 4) x
    Assert.Equal<int list list>([ [ 1; 2 ]; [ 0; 1 ]; [ 0; 2 ]; [ 1; 3 ] ], marks forward.Selected)
    let active = forward.Feature_acts |> Array2D.map (fun f -> f > 0.0)
    Assert.Equal<int list list>([ [ 1; 2 ]; [ 0; 1 ]; [ 2 ]; [ 1; 3 ] ], marks active)

[<Fact>]
let ``BatchTopK keeps the largest of the batch and the lower flat index of a tie`` () =
    let x = array2D [ [ 2.0; 1.0; 2.0; 0.0 ]; [ 1.0; 0.0; 0.0; 0.0 ]; [ 2.0; 2.0; 0.0; 3.0 ] ]

    let selected k =
        marks (Dense.forward (batchTopK k) (identity 4) x).Selected

    Assert.Equal<int list list>([ [ 0; 2 ]; []; [ 3 ] ], selected 1.0)
    Assert.Equal<int list list>([ [ 0 ]; []; [ 3 ] ], selected 0.99)
    Assert.Equal<int list list>([ []; []; [ 3 ] ], selected 0.5)
    Assert.Equal<int list list>([ []; []; [] ], selected 0.3)
    Assert.Equal<int list list>([ [ 0; 2 ]; []; [ 0; 1; 3 ] ], selected (5.0 / 3.0))

[<Fact>]
let ``BatchTopK with room for more than the positive values keeps them all`` () =
    let x = array2D [ [ 2.0; -1.0; 0.0; -3.0 ]; [ -1.0; -1.0; -1.0; -1.0 ] ]
    let forward = Dense.forward (batchTopK 3.0) (identity 4) x
    Assert.Equal(array2D [ [ 2.0; 0.0; 0.0; 0.0 ]; [ 0.0; 0.0; 0.0; 0.0 ] ], forward.Feature_acts)
    Assert.Equal(0.5, Dense.l0 forward)

[<Fact>]
let ``selection compares pre-activations times the decoder's norm, and the decoder divides by it``
    ()
    =
    let p =
        { identity 4 with
            W_dec = Array2D.init 4 4 (fun i j -> if i = j then float (i + 1) else 0.0) }

    let x = array2D [ [ 3.0; 2.0; 1.0; 1.0 ] ]
    let rescaledForward = Dense.forward (topK 1) p x
    Assert.Equal<int list list>([ [ 1 ] ], marks rescaledForward.Selected)
    Assert.Equal(array2D [ [ 0.0; 4.0; 0.0; 0.0 ] ], rescaledForward.Feature_acts)
    Assert.Equal(array2D [ [ 0.0; 4.0; 0.0; 0.0 ] ], rescaledForward.Sae_out)
    let plain = Dense.forward (rescaled false (topK 1)) p x
    Assert.Equal<int list list>([ [ 0 ] ], marks plain.Selected)

[<Fact>]
let ``AuxK takes half of D raw values among dead latents, and the lower latent of a tie`` () =
    let x = array2D [ [ 9.0; 7.0; 7.0; 7.0 ]; [ 9.0; -3.0; -1.0; -2.0 ] ]
    let forward = Dense.forward (topK 1) (identity 4) x

    let auxiliary dead =
        (Dense.auxiliary (topK 1) dead x forward).Value

    let three = auxiliary [| false; true; true; true |]
    Assert.Equal<int list list>([ [ 1; 2 ]; [ 2; 3 ] ], marks three.Selected)
    Assert.Equal(1.0, three.Scale)
    // e = (0, 7, 7, 7) and (0, −3, −1, −2); ê lacks one 7, and the −3: (49 + 9)/2.
    Assert.Equal(29.0, Dense.auxiliaryReconstruction (identity 4) three forward)
    let one = auxiliary [| false; false; true; false |]
    Assert.Equal<int list list>([ [ 2 ]; [ 2 ] ], marks one.Selected)
    Assert.Equal(0.5, one.Scale)
    Assert.True((Dense.auxiliary (topK 1) (Array.create 4 false) x forward).IsNone)

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

    let start =
        { Parameters = zero
          M = zero
          V = zero
          Step = 0
          Topk_threshold = 0.0 }

    let gradient = identity 2 |> DenseParameters.map (fun value -> -0.25 * value)
    let step = DenseStep.adam TrainingSteps.training 0.1 gradient
    let after = start |> step |> step |> step
    Assert.Equal(3, after.Step)
    // m̂ = g and √v̂ = |g| at each step.
    Assert.Equal(0.3 * 0.25 / (0.25 + 1e-8), after.Parameters.W_dec[0, 0], 12)
    Assert.Equal(0.0, after.Parameters.W_dec[0, 1])
