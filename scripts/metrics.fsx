// Scores an SAE against the truth: all metrics with their standard errors, and the latents that
// stand best and worst for a feature. Without a folder it is the SAE as it is before training.
//
//   dotnet fsi scripts/metrics.fsx [PRESET or FILE] [SAMPLES] [SAE FOLDER]
//   dotnet fsi scripts/metrics.fsx small 20480 runs/NAME/sae

#load "load.fsx"

open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Compute.Training

let metrics (result: EvaluationResult) =
    let value, error = result.Metrics, result.StandardErrors

    let row name (get: Metrics -> float) =
        [ name; Script.number (get value); Script.number (get error) ]

    Script.table
        [ "metric"; "value"; "standard error" ]
        [ row "F1" _.F1Score
          row "precision" _.Precision
          row "recall" _.Recall
          [ "MCC"; Script.number value.Mcc; "–" ]
          [ "uniqueness"; Script.number value.Uniqueness; "–" ]
          row "explained variance" _.ExplainedVariance
          row "MSE" _.Mse
          row "shrinkage" _.Shrinkage
          row "L0 of the SAE" _.SaeL0
          row "true L0" _.TrueL0
          row "dead latents" _.DeadLatents ]

let latents (reports: LatentReport seq) =
    Script.table
        [ "latent"; "feature"; "cosine"; "F1"; "precision"; "recall"; "fires"; "feature active" ]
        [ for report in reports do
              string report.Latent
              :: string report.BestFeature
              :: List.map
                  Script.number
                  [ report.Cosine
                    report.Score.F1Score
                    report.Score.Precision
                    report.Score.Recall
                    report.FiringRate
                    report.FeatureRate ] ]

Script.run (fun () ->
    let run = (Script.specification [] (Script.argument 0 "tiny")).Value
    let world = Script.world run

    let sae =
        match Script.arguments |> List.tryItem 2 with
        | Some folder -> (SaeFolder.read folder).Inference
        | None -> Initialisation.create run.Sae world.HiddenDim run.Training.Seed

    let settings =
        { Samples = int64 (Script.count 1 10_240)
          BatchSize = run.Training.BatchSize }

    let sampler = Sampler.create Script.backend world
    let result = Evaluation.run Script.backend sampler world sae settings
    let byF1 = result.Latents |> Array.sortBy (fun report -> -report.Score.F1Score)

    metrics result
    printfn "\nBest latents"
    latents (Seq.truncate 5 byF1)
    printfn "\nWorst latents"
    latents (Seq.truncate 5 (Array.rev byF1)))
