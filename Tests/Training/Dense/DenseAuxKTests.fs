/// The forms of the AuxK loss on examples worked out by hand.
module SynthSae.Tests.Training.Dense.DenseAuxKTests

open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private auxK normalization bias =
    { Coefficient = 0.5
      Normalization = normalization
      DecoderBias = bias }

let private family auxK =
    { RescaleActsByDecoderNorm = true; AuxK = auxK }

let private axes = DenseExamples.tied (DenseExamples.diagonal [ 1.0; 1.0; 1.0; 1.0 ])

let private loss architecture p dead x =
    let spec = SaeSpec.create 4 architecture
    let settings = { DenseExamples.settings spec with Dead = dead }
    (DenseExamples.losses (Dense.trace spec settings p x))["auxiliary_reconstruction_loss"]

let private dead = [| false; false; true; true |]
let private x = array2D [ [ 5.0; 0.0; 2.0; 1.0 ]; [ 5.0; 0.0; -1.0; 3.0 ] ]

[<Fact>]
let ``dead latents reconstruct the residual with raw values`` () =
    // TopK leaves (0, 0, 2, 1) and (0, 0, −1, 3), which the two dead latents give exactly.
    let topK = SaeArchitecture.TopK(1, family (auxK AuxKNormalization.Raw false))
    Assert.Equal(0.0, loss topK axes dead x)
    // One of two places: scale 1/2, and what the other would have given is left: 2² and 1².
    Assert.Equal(
        0.25 * 5.0 / 2.0,
        loss
            topK
            axes
            [| false; false; true; false |]
            (array2D [ [ 5.0; 0.0; 1.0; 2.0 ]; [ 5.0; 0.0; 3.0; 1.0 ] ])
    )

[<Fact>]
let ``b_dec is part of the reconstruction where it is asked for`` () =
    let p = axes |> Map.add "b_dec" (array2D [ [ 0.5; 0.0; 0.0; 0.0 ] ])

    let loss bias =
        loss (SaeArchitecture.TopK(1, family (auxK AuxKNormalization.Raw bias))) p dead x

    Assert.Equal(0.0, loss false)
    Assert.Equal(0.5 * 0.25, loss true)

[<Fact>]
let ``errors relative to the residual's variance are in units of the input's`` () =
    let topK = SaeArchitecture.TopK(1, family (auxK AuxKNormalization.Variance false))
    let one = [| false; false; true; false |]
    // Residuals (0, 0, 2, 1), (0, 0, −1, 3) around their mean: 2·1.5² + 2·1 over two samples; x varies as much.
    let variance = (2.0 * 2.25 + 2.0 * 1.0) / 2.0
    let expected = 0.5 * variance / variance * (1.0 + 9.0) / 2.0
    Agreement.close "loss" 1e-12 expected (loss topK axes one x)
    // An input that varies in what is reconstructed: by 2·0.5² more, over two samples.
    let wider = array2D [ [ 5.0; 0.0; 2.0; 1.0 ]; [ 6.0; 0.0; -1.0; 3.0 ] ]

    Agreement.close
        "loss"
        1e-12
        (expected * (variance + 0.25) / variance)
        (loss topK axes one wider)

[<Fact>]
let ``AbsTopK takes the dead latents of largest absolute value`` () =
    let architecture = SaeArchitecture.AbsTopK(1, family (auxK AuxKNormalization.Raw false))
    let x = array2D [ [ 9.0; 1.0; -3.0; 2.0 ] ]
    // Two of the three: −3 and 2; 1 is left.
    Assert.Equal(0.5, loss architecture axes [| false; true; true; true |] x)

[<Fact>]
let ``a JumpReLU SAE can have it too`` () =
    let jump =
        { InitThreshold = 4.0
          Bandwidth = 0.1
          Sparsity = JumpReluSparsity.Step
          L0 = { Value = 0.0; WarmUpSteps = 0<step> }
          PreActLossCoefficient = None
          Parameter = ThresholdParameter.Direct
          StraightThrough = false
          AuxK = auxK AuxKNormalization.Raw true }

    let p =
        axes
        |> Map.add "threshold" (array2D [ [ 4.0; 4.0; 4.0; 4.0 ] ])
        |> Map.add "b_dec" (array2D [ [ 0.0; 0.5; 0.0; 0.0 ] ])

    // e = (0, −0.5, …) since b_dec is part of x̂, and ê has it too: 1² apart.
    Assert.Equal(0.5 * 1.0, loss (SaeArchitecture.JumpRelu jump) p dead x)

[<Fact>]
let ``each level has its own target, its own latents and its own scale`` () =
    let levels =
        { Widths = [ 2 ]
          AuxLossPerLevel = true
          InnerWeights = []
          Detached = false
          Order = LevelOrder.Index
          L1Coefficients = [] }

    let architecture =
        SaeArchitecture.Matryoshka(0.5, 0.01, family (auxK AuxKNormalization.Raw false), levels)

    let x = array2D [ [ 5.0; 1.0; 0.0; 0.0 ]; [ 0.0; 0.0; 4.0; 2.0 ] ]
    // One value of the batch is kept: 5. Level 1 (latents 0, 1; dead: 1) leaves (0, 1, 0, 0) and (0, 0, 4, 2), of
    // which it can give the 1; level 2 (dead: 3) leaves the same and gives the 2. Each scale is 1/2.
    let expected = 0.25 * ((16.0 + 4.0) / 2.0 + (1.0 + 16.0) / 2.0)
    Assert.Equal(expected, loss architecture axes [| false; true; false; true |] x)
    Assert.Equal(0.0, loss architecture axes (Array.create 4 false) x)
