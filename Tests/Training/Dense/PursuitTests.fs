/// Matching pursuit on examples worked out by hand.
module SynthSae.Tests.Training.Dense.PursuitTests

open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private spec latents most threshold stop =
    SaeArchitecture.MatchingPursuit
        { ResidualThreshold = threshold
          MaxIterations = most
          StopOnDuplicateSupport = stop }
    |> SaeSpec.create latents

let private parameters decoder =
    DenseExamples.tied decoder |> Map.filter (fun name _ -> name = "W_dec" || name = "b_dec")

let private encode spec decoder x =
    (DenseExamples.forward spec (parameters decoder) x).Feature_acts.Value

let private axes = DenseExamples.diagonal [ 1.0; 1.0; 1.0 ]

[<Fact>]
let ``the largest projections come first, and as many as there are iterations`` () =
    let x = array2D [ [ 1.0; 3.0; 2.0 ]; [ -1.0; -5.0; 0.5 ] ]
    let latents most = encode (spec 3 most 0.0 false) axes x
    Assert.Equal(array2D [ [ 0.0; 3.0; 0.0 ]; [ 0.0; 0.0; 0.5 ] ], latents (Some 1))
    Assert.Equal(array2D [ [ 0.0; 3.0; 2.0 ]; [ 0.0; 0.0; 0.5 ] ], latents (Some 2))
    Assert.Equal(array2D [ [ 1.0; 3.0; 2.0 ]; [ 0.0; 0.0; 0.5 ] ], latents None)

[<Fact>]
let ``a sample is finished when its residual is shorter than the threshold`` () =
    // Residuals of the first sample: √5, 1; of the second √18, 3.
    let x = array2D [ [ 3.0; 2.0; 1.0 ]; [ 5.0; 3.0; 3.0 ] ]
    let latents = encode (spec 3 None 1.5 false) axes x
    Assert.Equal(array2D [ [ 3.0; 2.0; 0.0 ]; [ 5.0; 3.0; 3.0 ] ], latents)

[<Fact>]
let ``a latent that is chosen again grows, and ends the sample where it shall`` () =
    // r = 4, 3, 2.25, …: half of r is added each time, a quarter of r taken away.
    let latents most stop =
        (encode (spec 1 (Some most) 0.0 stop) (array2D [ [ 0.5 ] ]) (array2D [ [ 4.0 ] ]))[0, 0]

    Assert.Equal(2.0 + 1.5 + 1.125, latents 3 false)
    Assert.Equal(2.0 + 1.5, latents 3 true)
    Assert.Equal(2.0, latents 1 true)

[<Fact>]
let ``each latent reconstructs what the others left`` () =
    let decoder = array2D [ [ 1.0; 0.0 ]; [ 0.6; 0.8 ] ]
    // (1, 1) projects on the second with 1.4 and leaves (0.16, −0.12), of which the first takes 0.16.
    let forward =
        DenseExamples.forward
            (spec 2 (Some 2) 0.0 false)
            (parameters decoder)
            (array2D [ [ 1.0; 1.0 ] ])

    DenseExamples.same "latents" (array2D [ [ 0.16; 1.4 ] ]) forward.Feature_acts.Value
    DenseExamples.same "reconstruction" (array2D [ [ 1.0; 1.12 ] ]) forward.Sae_out.Value

[<Fact>]
let ``of equal projections the lower latent is taken`` () =
    let latents = encode (spec 3 (Some 1) 0.0 false) axes (array2D [ [ 1.0; 2.0; 2.0 ] ])
    Assert.Equal(array2D [ [ 0.0; 2.0; 0.0 ] ], latents)

[<Fact>]
let ``b_dec is taken off and added, or left alone`` () =
    let p = parameters axes |> Map.add "b_dec" (array2D [ [ 1.0; 1.0; 0.0 ] ])

    let spec apply =
        { spec 3 (Some 1) 0.0 false with ApplyBDecToInput = apply }

    let out apply =
        (DenseExamples.forward (spec apply) p (array2D [ [ 3.0; 3.0; 2.5 ] ])).Sae_out.Value

    Assert.Equal(array2D [ [ 1.0; 1.0; 2.5 ] ], out true)
    Assert.Equal(array2D [ [ 3.0; 0.0; 0.0 ] ], out false)
