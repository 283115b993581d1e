/// Every implementation of the training step against its meaning.
module SynthSae.Tests.Training.AgreementTests

open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let implementations: seq<obj[]> =
    seq {
        for implementation in TrainingSteps.implementations do
            [| box implementation |]
    }

let private lr = 3e-4

/// Take the step twice over and compare everything that can be seen of it.
let private agrees (implementation: TrainingStepImplementation) (problem: StepProblem) =
    let training = TrainingSteps.training

    let expected =
        DenseStep.start problem.Sae
        |> DenseStep.run problem.Spec training lr problem.Dead (TrainingSteps.ofMatrix problem.X)

    let run = implementation.Start problem.Spec training problem.Sae
    let observed = run.Step(lr, problem.Dead, problem.X)
    let state = expected.State
    Agreement.closeRelative "mse" expected.Losses.Mse observed.Losses.Mse

    Agreement.closeRelative
        "auxiliary_reconstruction"
        expected.Losses.Auxiliary_reconstruction
        observed.Losses.Auxiliary_reconstruction

    Agreement.closeArray2D "codes" (TrainingSteps.codes expected.Forward) observed.Codes
    Agreement.closeGradients expected.Gradient observed.Gradient
    Agreement.closeRelative "gradient norm" expected.GradientNorm observed.GradientNorm

    Agreement.closeWeights
        (Agreement.weightErrors training lr [ expected ])
        state.Parameters
        run.Parameters

    // The least positive value, of which the threshold takes a hundredth, may be small by
    // cancellation: its error goes with the size of the largest.
    let largest = expected.Forward.Hidden_pre |> Seq.cast<float> |> Seq.map abs |> Seq.max
    let bound = 0.01 * Agreement.Relative * largest
    Agreement.close "topk_threshold" bound state.Topk_threshold run.TopkThreshold
    true

[<Theory; MemberData(nameof implementations)>]
let ``steps on random problems agree with the dense step``
    (implementation: TrainingStepImplementation)
    =
    Property.forAll (StepProblems.random 7 9 13) (agrees implementation)

[<Theory; MemberData(nameof implementations)>]
let ``steps on problems full of ties agree with the dense step``
    (implementation: TrainingStepImplementation)
    =
    Property.forAll StepProblems.tied (agrees implementation)

[<Fact>]
let ``the random problems cover what must be covered`` () =
    let problems = FsCheck.FSharp.Gen.sample 2000 (StepProblems.random 7 9 13)

    let covered what holds =
        Assert.True(Seq.exists holds problems, $"no problem with {what}")

    let dead problem =
        problem.Dead |> Array.filter id |> Array.length

    let forward problem =
        Dense.forward
            problem.Spec
            (DenseParameters.ofSae problem.Sae)
            (TrainingSteps.ofMatrix problem.X)

    let active problem =
        (forward problem).Feature_acts |> Array2D.map (fun f -> f > 0.0)

    let entries problem =
        active problem |> Seq.cast<bool> |> Seq.filter id |> Seq.length

    let budget problem =
        match problem.Spec.Architecture with
        | SaeArchitecture.TopK(k, _) -> float (k * problem.X.Rows)
        | SaeArchitecture.BatchTopK(k, _, _) -> floor (k * float problem.X.Rows)

    covered "no dead latent" (fun problem -> dead problem = 0)
    covered "dead latents only" (fun problem -> dead problem = problem.Spec.DSae)
    covered "more dead latents than AuxK takes" (fun problem -> dead problem > problem.Sae.Dim / 2)

    covered "fewer positive values than may be kept" (fun problem ->
        float (entries problem) < budget problem)

    covered "no active latent at all" (fun problem -> entries problem = 0)

    covered "an empty row among others" (fun problem ->
        let active = active problem
        let rows = [ for b in 0 .. problem.X.Rows - 1 -> Array.contains true active.[b, *] ]
        List.contains true rows && List.contains false rows)

    covered "a fractional budget" (fun problem ->
        match problem.Spec.Architecture with
        | SaeArchitecture.BatchTopK(k, _, _) -> k <> floor k
        | _ -> false)
