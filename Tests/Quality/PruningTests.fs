/// Pruning with the threshold that was found without the truth makes SAEs better that fire more latents than there are
/// active features, and does not make others worse. After these three million samples the small world's SAEs are far from
/// done, and with many latents their scores do not always part in two.
module SynthSae.Tests.Quality.PruningTests

open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private valid result =
    match result with
    | Ok value -> value
    | Error errors -> failwith (errors |> List.map string |> String.concat "\n")

/// The run of the preset `small`, with children that are scaled by their parent (as in SynthSAEBench v2) or not (v1).
let private preset (scaled: bool) =
    (Presets.tryFind "small").Value.Run
    |> RunSpec.set
        [ "synthetic_model.hierarchy.scale_children_by_parent", (string scaled).ToLower() ]
    |> valid

let private world (run: RunSpec) =
    (RunSpec.model run).Value
    |> SyntheticModelSpec.validate
    |> valid
    |> WorldCompiler.compile Backend.cpu

/// Mean number of active features.
let private trueL0 = 6.8

/// Scores of the saved SAE without and with pruning.
let private scores run (world: World) k seed =
    let backend = Backend.cpu

    let run =
        RunSpec.set [ "sae.k", string k; "seed", string seed ] run
        |> Result.bind RunSpec.validate
        |> valid

    let training = run.Value.Training
    let trainer = Trainer(backend, run, world.HiddenDim)
    let sampler = Sampler.forRun backend world training.Seed
    let data = SampledBatches sampler :> IBatches
    let x = Matrix(training.BatchSize, world.HiddenDim)

    while trainer.Samples < int64 training.Samples do
        data.Fill(trainer.Samples, x)
        trainer.Step x |> ignore

    let sae = trainer.Export()

    let fit = PruningThreshold.fit ignore backend sae data x.Rows PruningThreshold.DefaultSamples

    let evaluate inference =
        let settings = { Samples = 51_200L; BatchSize = x.Rows }
        Evaluation.runWith ignore backend sampler world inference settings

    evaluate (Inference.plain sae), evaluate { Sae = sae; PruneBelow = fit.Threshold }

/// Gain in F1, and the standard error of the difference as if both were scored on samples of their own: on the same
/// samples it is smaller.
let private gain (plain: EvaluationResult, pruned: EvaluationResult) =
    let error = sqrt (plain.StandardErrors.F1Score ** 2.0 + pruned.StandardErrors.F1Score ** 2.0)

    pruned.Metrics.F1Score - plain.Metrics.F1Score, error

[<Theory; InlineData(true); InlineData(false)>]
let ``an SAE with a third more latents than features gains from pruning`` (scaled: bool) =
    let run = preset scaled
    let gain, error = gain (scores run (world run) (1.3 * trueL0) 0L)
    Assert.True(gain > 5.0 * error && gain > 0.03, $"F1 gains {gain} ± {error}")

[<Theory; Trait("Category", "Heavy")>]
[<InlineData(true, 0.9); InlineData(true, 1.0); InlineData(true, 1.12); InlineData(true, 1.3)>]
[<InlineData(false, 0.9); InlineData(false, 1.0); InlineData(false, 1.12); InlineData(false, 1.3)>]
let ``of three seeds none loses F1 by pruning, and with more latents than features they gain together``
    (scaled: bool, excess: float)
    =
    let run = preset scaled
    let world = world run
    let gains = [ for seed in 0L .. 2L -> gain (scores run world (excess * trueL0) seed) ]

    // Where scores do not part in two nothing is pruned, and the gain is 0.
    for gain, error in gains do
        Assert.True(gain >= 0.0 - 4.0 * error, $"F1 gains {gain} ± {error}")

    if excess > 1.0 then
        let mean = gains |> List.averageBy fst
        let error = sqrt (gains |> List.sumBy (fun (_, error) -> error ** 2.0)) / 3.0
        Assert.True(mean > 5.0 * error && mean > 0.03, $"F1 gains {mean} ± {error} on average")
