module SynthSae.Tests.Evaluation.EvaluationReportTests

open System.Text.Json
open Xunit
open SynthSae.Compute

let private numbered first =
    let mutable next = first - 1.0

    Metrics.each (fun _ ->
        next <- next + 1.0
        next)

let private latent: LatentReport =
    { Latent = 0
      BestFeature = 7
      Cosine = -0.5
      AssignedFeature = Some 3
      AssignedCosine = 0.25
      Score = Metrics.latentScore 10L 4L 5L 2L
      FiringRate = 0.4
      FeatureDepth = Some 2
      FeatureRate = 0.5 }

let private result: EvaluationResult =
    { Settings = { Samples = 10L; BatchSize = 4 }
      Metrics = numbered 1.0
      StandardErrors = numbered 101.0
      Latents =
        [| latent
           { latent with
               Latent = 1
               AssignedFeature = None
               FeatureDepth = None
               FiringRate = 0.0 } |] }

/// Field names and values, nested names joined by a slash.
let rec private leaves path (element: JsonElement) =
    [ for field in element.EnumerateObject() do
          match field.Value.ValueKind with
          | JsonValueKind.Object -> yield! leaves $"{path}{field.Name}/" field.Value
          | JsonValueKind.Null -> path + field.Name, nan
          | _ -> path + field.Name, field.Value.GetDouble() ]

let private names =
    [ "true_l0"
      "sae_l0"
      "dead_latents"
      "shrinkage"
      "explained_variance"
      "mse"
      "mcc"
      "uniqueness"
      "classification/precision"
      "classification/recall"
      "classification/f1_score"
      "classification/accuracy" ]

[<Fact>]
let ``the JSON has the reference's names, and standard errors in the same shape`` () =
    let expected =
        [ for i, name in List.indexed names -> name, float (1 + i) ]
        @ [ "num_samples", 10.0 ]
        @ [ for i, name in List.indexed names -> $"standard_errors/{name}", float (101 + i) ]

    use document = JsonDocument.Parse(EvaluationReport.toJson result)
    Assert.Equal<(string * float) list>(expected, leaves "" document.RootElement)

[<Fact>]
let ``what is not a number is null in JSON`` () =
    let unknown = { result with StandardErrors = Metrics.each (fun _ -> nan) }
    use document = JsonDocument.Parse(EvaluationReport.toJson unknown)
    let errors = document.RootElement.GetProperty "standard_errors"
    Assert.Equal(JsonValueKind.Null, errors.GetProperty("mcc").ValueKind)

[<Fact>]
let ``the table has a header and a line for each latent`` () =
    let lines = (EvaluationReport.toCsv result).Split '\n'

    Assert.Equal<string[]>(
        [| "latent,best_feature,cosine,assigned_feature,assigned_cosine,precision,recall,f1_score,firing_rate,feature_depth,feature_rate,dead"
           "0,7,-0.5,3,0.25,0.5,0.4,0.444444444,0.4,2,0.5,0"
           "1,7,-0.5,,,0.5,0.4,0.444444444,0,,0.5,1"
           "" |],
        lines
    )
