/// Forward passes on examples worked out by hand.
module SynthSae.Tests.Training.Dense.EncodersTests

open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private plain = { RescaleActsByDecoderNorm = true; AuxK = SaeSpec.auxK 0.0 }

let private lambda value =
    { Value = value; WarmUpSteps = 0<step> }

[<Fact>]
let ``AbsTopK keeps the largest absolute values with their signs`` () =
    let spec = SaeSpec.create 3 (SaeArchitecture.AbsTopK(2, plain))
    let p = DenseExamples.tied (DenseExamples.diagonal [ 1.0; 1.0; 1.0 ])

    let forward =
        DenseExamples.forward spec p (array2D [ [ 1.0; -3.0; 2.0 ]; [ -1.0; 1.0; 1.0 ] ])

    Assert.Equal(array2D [ [ 0.0; -3.0; 2.0 ]; [ -1.0; 1.0; 0.0 ] ], forward.Feature_acts.Value)
    Assert.Equal(2.0, Dense.l0 forward)

[<Fact>]
let ``a refined encoder adds a share of what the first selection left, encoded`` () =
    let spec =
        { SaeSpec.create 2 (SaeArchitecture.TopK(2, plain)) with
            ListaEta = Some 0.5 }

    let p =
        DenseExamples.tied (array2D [ [ 1.0; 0.0 ]; [ 0.6; 0.8 ] ])
        |> Map.add "b_enc" (array2D [ [ 0.0; 0.1 ] ])

    let forward = DenseExamples.forward spec p (array2D [ [ 1.0; 1.0 ] ])
    // pre (1, 1.5) reconstructs (1.9, 1.2); the rest (−0.9, −0.2) is encoded as (−0.9, −0.7), without the bias.
    DenseExamples.same "first" (array2D [ [ 1.0; 1.5 ] ]) forward.First_acts.Value.Value
    DenseExamples.same "latents" (array2D [ [ 0.55; 1.15 ] ]) forward.Feature_acts.Value

[<Fact>]
let ``a refined encoder works in the units in which latents are compared`` () =
    let decoder = array2D [ [ 2.0; 0.0 ]; [ 0.0; 1.0 ]; [ 1.0; 1.0 ] ]
    let x = array2D [ [ 1.0; 0.5 ]; [ -1.0; 2.0 ] ]

    let spec =
        { SaeSpec.create 3 (SaeArchitecture.BatchTopK(1.5, 0.01, plain)) with
            ListaEta = Some 0.3 }

    let p = DenseExamples.tied decoder
    let forward = DenseExamples.forward spec p x
    let norms = forward.Norms.Value

    // The same SAE with rows of norm 1 and an encoder that carries their norms.
    let folded =
        p
        |> Map.add "W_dec" (DenseAlgebra.map2 (/) decoder (DenseAlgebra.transpose norms))
        |> Map.add "W_enc" (DenseAlgebra.map2 (*) p["W_enc"] norms)

    let again = DenseExamples.forward spec folded x
    DenseExamples.same "latents" forward.Feature_acts.Value again.Feature_acts.Value
    DenseExamples.same "reconstruction" forward.Sae_out.Value again.Sae_out.Value

[<Fact>]
let ``a gate decides, a magnitude says how much`` () =
    let spec = SaeSpec.create 2 (SaeArchitecture.Gated { L1 = lambda 0.5 })

    let p =
        DenseExamples.tied (DenseExamples.diagonal [ 1.0; 2.0 ])
        |> Map.remove "b_enc"
        |> Map.add "b_gate" (array2D [ [ -1.0; 0.0 ] ])
        |> Map.add "b_mag" (array2D [ [ 0.5; -1.0 ] ])
        |> Map.add "r_mag" (array2D [ [ log 2.0; 0.0 ] ])

    let x = array2D [ [ 2.0; 0.25 ]; [ 0.5; 1.0 ] ]
    // Gates (1, 0.5) and (−0.5, 2); magnitudes 2·x + 0.5 and 2·x − 1.
    let batch = DenseExamples.batch spec p x
    let forward = Dense.forward batch
    DenseExamples.same "latents" (array2D [ [ 4.5; 0.0 ]; [ 0.0; 1.0 ] ]) forward.Feature_acts.Value
    let losses = DenseExamples.losses batch
    // λ · mean of 1·1 + 0.5·2 and 2·2.
    Agreement.close "l1" 1e-12 (0.5 * (2.0 + 4.0) / 2.0) losses["l1_loss"]
    // The gates themselves decode to (1, 1) and (0, 4).
    let error = (1.0 + 0.5625 + 0.25 + 9.0) / 2.0
    Agreement.close "auxiliary" 1e-12 error losses["auxiliary_reconstruction_loss"]

[<Theory; InlineData 1.0; InlineData 2.0; InlineData 0.5>]
let ``the Standard penalty is the p-norm of latents times decoder norms`` (p: float) =
    let standard = { L1 = lambda 0.3; LpNorm = p }
    let spec = SaeSpec.create 2 (SaeArchitecture.Standard standard)
    let parameters = DenseExamples.tied (DenseExamples.diagonal [ 1.0; 2.0 ])

    let losses =
        DenseExamples.losses (
            DenseExamples.batch spec parameters (array2D [ [ 3.0; 1.0 ]; [ -1.0; 2.0 ] ])
        )
    // Sizes (3, 4) and (0, 8).
    let expected = 0.3 * ((3.0 ** p + 4.0 ** p) ** (1.0 / p) + 8.0) / 2.0
    Agreement.close "l1" 1e-12 expected losses["l1_loss"]

let private scaled normalization =
    { SaeSpec.create 4 (SaeArchitecture.TopK(2, plain)) with
        Normalization = normalization }

let private decoder =
    array2D [ [ 1.0; 0.5; -0.2 ]; [ 0.3; -1.0; 0.4 ]; [ -0.6; 0.2; 1.1 ]; [ 0.7; 0.7; 0.7 ] ]

let private samples = array2D [ [ 1.0; -2.0; 0.5 ]; [ 0.1; 0.4; 3.0 ] ]

/// What a change of the samples does to the reconstruction and to the error.
let private response normalization change =
    let p = DenseExamples.tied decoder |> Map.add "b_dec" (array2D [ [ 0.1; 0.2; -0.3 ] ])
    let batch = DenseExamples.batch (scaled normalization) p (Array2D.map change samples)
    (Dense.forward batch).Sae_out.Value, (DenseExamples.losses batch)["mse_loss"]

[<Fact>]
let ``with constant norms a factor on the input is one on the output`` () =
    let out, mse = response ActivationNormalization.ConstantNorm id
    let scaledOut, scaledMse = response ActivationNormalization.ConstantNorm ((*) 7.0)
    DenseExamples.same "reconstruction" (Array2D.map ((*) 7.0) out) scaledOut
    Agreement.close "mse" 1e-9 (49.0 * mse) scaledMse
    let plainOut, _ = response ActivationNormalization.None id
    Assert.NotEqual(plainOut[0, 0], out[0, 0], 3)

[<Fact>]
let ``with layer norms so is a shift, but for what is added to the deviation`` () =
    let change value = 7.0 * value + 3.0
    let out, _ = response ActivationNormalization.LayerNorm id
    let changedOut, _ = response ActivationNormalization.LayerNorm change
    let bounds = out |> Array2D.map (fun _ -> 1e-3)
    Agreement.closeEach2D "reconstruction" bounds (Array2D.map change out) changedOut

[<Fact>]
let ``samples are scaled to norm √D, or to mean 0 and deviation 1`` () =
    let input normalization =
        (DenseExamples.batch (scaled normalization) (DenseExamples.tied decoder) samples)
            .Input.Value

    let constant = input ActivationNormalization.ConstantNorm

    DenseExamples.same
        "norms"
        (array2D [ [ sqrt 3.0 ]; [ sqrt 3.0 ] ])
        (DenseAlgebra.rowNorms constant)

    let layer = input ActivationNormalization.LayerNorm
    DenseExamples.same "means" (array2D [ [ 0.0 ]; [ 0.0 ] ]) (DenseAlgebra.sumTo 2 1 layer)

    for b in 0..1 do
        // The unbiased deviation of three numbers, less 1e-5 of it.
        Assert.Equal(sqrt 2.0, (DenseAlgebra.rowNorms layer)[b, 0], 4)
