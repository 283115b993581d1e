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
    let x = TrainingSteps.ofMatrix problem.X
    let start = DenseStep.startWith problem.Parameters
    let settings = problem.Settings lr
    let expected = DenseStep.run problem.Spec training settings x start
    let bounds = StepBounds.ofStep problem.Batch
    let run = implementation.Start problem.Spec training problem.Parameters
    let observed = run.Step(settings, problem.X)

    for KeyValue(term, loss) in expected.Losses do
        Agreement.close term bounds.Losses[term] loss observed.Losses[term]

    Agreement.closeEach2D "codes" bounds.Codes expected.Forward.Codes.Value observed.Codes
    Agreement.closeTensors "gradient of" bounds.Gradient expected.Gradient observed.Gradient
    Agreement.close "gradient norm" bounds.GradientNorm expected.GradientNorm observed.GradientNorm
    let weights = Agreement.weightErrors training lr [ expected, bounds ]
    Agreement.closeTensors "new" weights expected.State.Parameters run.Parameters
    // The threshold takes a hundredth of a latent's activation.
    let activation = Seq.max (Seq.cast<float> bounds.Feature_acts)
    let threshold = expected.State.Topk_threshold
    Agreement.close "topk_threshold" (0.01 * activation) threshold run.TopkThreshold
    true

[<Theory; MemberData(nameof implementations)>]
let ``steps on random problems agree with the dense step``
    (implementation: TrainingStepImplementation)
    =
    Property.forAll (StepProblems.random SaeSpecs.plain 7 9 13) (agrees implementation)

/// Every option that an implementation can train.
let private trainable (implementation: TrainingStepImplementation) dim latents =
    SaeSpecs.every dim latents
    |> FsCheck.FSharp.Gen.filter (fun spec -> implementation.Trains spec.Architecture)

[<Theory; MemberData(nameof implementations)>]
let ``steps of every architecture and option agree with the dense step``
    (implementation: TrainingStepImplementation)
    =
    Property.forAll (StepProblems.random (trainable implementation) 7 9 13) (agrees implementation)

[<Theory; MemberData(nameof implementations)>]
let ``steps with a rounded encoder agree with the dense step``
    (implementation: TrainingStepImplementation)
    =
    let precisions = [ Precision.Bf16; Precision.Tf32 ]

    Property.forAll
        (StepProblems.randomAt precisions (trainable implementation) 7 9 13)
        (agrees implementation)

[<Theory; MemberData(nameof implementations)>]
let ``steps on problems full of ties agree with the dense step``
    (implementation: TrainingStepImplementation)
    =
    Property.forAll (StepProblems.tied SaeSpecs.plain) (agrees implementation)

[<Fact>]
let ``the random problems cover what must be covered`` () =
    let problems = FsCheck.FSharp.Gen.sample 2000 (StepProblems.random SaeSpecs.plain 7 9 13)

    let covered what holds =
        Assert.True(Seq.exists holds problems, $"no problem with {what}")

    let dead problem =
        problem.Dead |> Array.filter id |> Array.length

    let forward (problem: StepProblem) = Dense.forward problem.Batch

    let active problem =
        (forward problem).Feature_acts.Value |> Array2D.map (fun f -> f > 0.0)

    let entries problem =
        active problem |> Seq.cast<bool> |> Seq.filter id |> Seq.length

    let budget problem =
        match problem.Spec.Architecture with
        | SaeArchitecture.TopK(k, _) -> float (k * problem.X.Rows)
        | other -> floor (other.K.Value * float problem.X.Rows)

    covered "no dead latent" (fun problem -> dead problem = 0)
    covered "dead latents only" (fun problem -> dead problem = problem.Spec.DSae)
    covered "more dead latents than AuxK takes" (fun problem -> dead problem > problem.X.Cols / 2)

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
