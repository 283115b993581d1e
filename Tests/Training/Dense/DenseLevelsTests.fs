/// The losses of Matryoshka levels.
module SynthSae.Tests.Training.Dense.DenseLevelsTests

open System
open FsCheck.FSharp
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private levels =
    { Widths = [ 1; 3 ]
      AuxLossPerLevel = false
      InnerWeights = []
      Detached = false
      Order = LevelOrder.Index
      L1Coefficients = [] }

let private spec levels =
    let family = { RescaleActsByDecoderNorm = true; AuxK = SaeSpec.auxK 0.0 }

    SaeSpec.create 4 (SaeArchitecture.Matryoshka(4.0, 0.01, family, levels))

let private axes = DenseExamples.tied (DenseExamples.diagonal [ 1.0; 1.0; 1.0; 1.0 ])
let private x = array2D [ [ 1.0; 2.0; 3.0; 4.0 ]; [ 2.0; 0.0; 0.0; 0.0 ] ]

let private lossesOf levels =
    DenseExamples.losses (DenseExamples.batch (spec levels) axes x)

[<Fact>]
let ``each inner level has the error of its first latents`` () =
    let losses = lossesOf levels
    Assert.Equal(0.0, losses["mse_loss"])
    // What latents 1… and 3… would have added.
    Assert.Equal((4.0 + 9.0 + 16.0) / 2.0, losses["inner_mse_loss_1"])
    Assert.Equal(16.0 / 2.0, losses["inner_mse_loss_3"])

[<Fact>]
let ``the width of all latents is no inner level, named or not`` () =
    Assert.Equal<Map<string, float>>(lossesOf levels, lossesOf { levels with Widths = [ 1; 3; 4 ] })

[<Fact>]
let ``inner errors are weighted, and cutting gradients does not change them`` () =
    let losses =
        lossesOf
            { levels with
                InnerWeights = [ 0.5; 0.25 ]
                Detached = true }

    Assert.Equal((4.0 + 9.0 + 16.0) / 4.0, losses["inner_mse_loss_1"])
    Assert.Equal(16.0 / 8.0, losses["inner_mse_loss_3"])

[<Fact>]
let ``penalties count the latents up to their level by what they add`` () =
    let decoder = DenseExamples.diagonal [ 1.0; 2.0; 1.0; 1.0 ]
    let p = axes |> Map.add "W_dec" decoder
    let levels = { levels with L1Coefficients = [ 0.1; 0.2; 0.3 ] }
    let losses = DenseExamples.losses (DenseExamples.batch (spec levels) p x)
    // Sizes (1, 4, 3, 4) and (2, 0, 0, 0).
    Agreement.close "level 1" 1e-12 (0.1 * 3.0 / 2.0) losses["inner_l1_loss_1"]
    Agreement.close "level 3" 1e-12 (0.2 * 10.0 / 2.0) losses["inner_l1_loss_3"]
    Agreement.close "all" 1e-12 (0.3 * 14.0 / 2.0) losses["l1_loss"]

[<Fact>]
let ``with levels cut off an error teaches its own latents alone, and b_dec in the first level``
    ()
    =
    let gradient detached name =
        let p = axes |> Map.add "b_dec" (array2D [ [ 0.1; 0.1; 0.1; 0.1 ] ])

        let spec =
            { spec { levels with Detached = detached } with
                ApplyBDecToInput = false }

        let batch = DenseExamples.batch spec p x
        let losses = Dense.losses batch (Dense.forward batch)
        Dense.gradient batch losses[name]

    let taught (gradient: DenseParameters) =
        let decoder = gradient["W_dec"]
        [ for j in 0..3 -> decoder[j, *] |> Array.exists (fun g -> g <> 0.0) ]

    let biased (gradient: DenseParameters) =
        DenseAlgebra.elements gradient["b_dec"] |> Array.exists (fun g -> g <> 0.0)

    let first, second = gradient true "inner_mse_loss_1", gradient true "inner_mse_loss_3"
    Assert.Equal<bool list>([ true; false; false; false ], taught first)
    Assert.True(biased first)
    Assert.Equal<bool list>([ false; true; true; false ], taught second)
    Assert.False(biased second)
    let whole = gradient false "inner_mse_loss_3"
    Assert.Equal<bool list>([ true; true; true; false ], taught whole)
    Assert.True(biased whole)

[<Fact>]
let ``frequencies count the batch before they order the levels`` () =
    let levels = { levels with Order = LevelOrder.Frequency }

    let losses frequencies =
        let spec = spec levels

        let settings =
            { DenseExamples.settings spec with
                Frequencies = frequencies }

        DenseExamples.losses (Dense.trace spec settings axes x)

    // In this batch latent 0 fires in both samples, the others in one each.
    let fresh = FiringFrequencies 4
    let losses' = losses fresh
    Assert.Equal((4.0 + 9.0 + 16.0) / 2.0, losses'["inner_mse_loss_1"])
    Assert.Equal(0L, fresh.Batches)
    // Latents 3 and 2 were more frequent before: one level has latent 3, the next 3, 2 and 0.
    let known = FiringFrequencies([| 0.3; 0.2; 0.4; 0.9 |], 5L)
    let losses' = losses known
    Assert.Equal((1.0 + 4.0 + 9.0 + 4.0) / 2.0, losses'["inner_mse_loss_1"])
    Assert.Equal(4.0 / 2.0, losses'["inner_mse_loss_3"])
    Assert.Equal<float[]>([| 0.3; 0.2; 0.4; 0.9 |], known.Shares)

/// Steps of Matryoshka SAEs whose levels follow frequencies, with frequencies without ties.
let private ordered =
    gen {
        let! problem =
            StepProblems.random SaeSpecs.every 4 5 6
            |> Gen.filter (fun problem ->
                match problem.Spec.Architecture with
                | SaeArchitecture.Matryoshka(_, _, _, levels) ->
                    levels.Order = LevelOrder.Frequency
                | _ -> false)

        let! order = Gen.shuffle [| 0 .. problem.Spec.DSae - 1 |]
        let! permutation = Gen.shuffle [| 0 .. problem.Spec.DSae - 1 |]
        return problem, order |> Array.map (fun rank -> 10.0 * float (rank + 1)), permutation
    }

[<Fact>]
let ``with levels by frequency, the numbers of latents do not matter`` () =
    Property.forAll ordered (fun (problem, shares, permutation) ->
        let losses (problem: StepProblem) shares =
            let batch = problem.Batch

            let settings =
                { batch.Settings with
                    Frequencies = FiringFrequencies(shares, 1L) }

            DenseExamples.losses { batch with Settings = settings }

        let columns (a: float[,]) =
            Array2D.mapi (fun i j _ -> a[i, permutation[j]]) a

        let rows (a: float[,]) =
            Array2D.mapi (fun i j _ -> a[permutation[i], j]) a

        let p = problem.Parameters

        let renumbered =
            { problem with
                Dead = permutation |> Array.map (Array.get problem.Dead)
                Parameters =
                    p
                    |> Map.add "W_dec" (rows p["W_dec"])
                    |> Map.add "W_enc" (columns p["W_enc"])
                    |> Map.add "b_enc" (columns p["b_enc"]) }

        let expected = losses problem shares

        for KeyValue(term, loss) in losses renumbered (permutation |> Array.map (Array.get shares)) do
            Agreement.close term (1e-12 * max 1.0 expected[term]) expected[term] loss

        true)
