module SynthSae.Tests.Evaluation.OracleEvaluationTests

open System.IO
open System.Text.Json
open Xunit
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Tests

let private saes =
    lazy
        (let document = JsonDocument.Parse(File.ReadAllText(Oracles.path "index.json"))

         [ for sae in document.RootElement.GetProperty("saes").EnumerateObject() ->
               sae.Name, sae.Value.GetProperty "eval_20480" ])

[<Fact>]
let ``cosines and assignment agree with the reference's for all its SAEs`` () =
    use model = Safetensors.read (Oracles.path "model/synthetic_model.safetensors")
    let dictionary = model.Matrix "feature_vectors"
    Assert.NotEmpty saes.Value

    for name, expected in saes.Value do
        use file = Safetensors.read (Oracles.path $"saes/{name}/sae_weights.safetensors")
        let matching = Matching.run (Backend.Cpu 2) (file.Matrix "W_dec") dictionary
        Assert.Equal(expected.GetProperty("mcc").GetDouble(), matching.Mcc, 1e-6)
        Assert.Equal(expected.GetProperty("uniqueness").GetDouble(), matching.Uniqueness, 1e-12)

/// The figures that depend on samples.
let private sampled: (string * (Metrics -> float)) list =
    [ "true_l0", _.TrueL0
      "sae_l0", _.SaeL0
      "shrinkage", _.Shrinkage
      "explained_variance", _.ExplainedVariance
      "precision", _.Precision
      "recall", _.Recall
      "f1_score", _.F1Score
      "accuracy", _.Accuracy ]

let private figure (expected: JsonElement) (name: string) =
    match expected.TryGetProperty name with
    | true, value -> value.GetDouble()
    | _ -> expected.GetProperty("classification").GetProperty(name).GetDouble()

let private samples = 20480L

let private evaluate name samples =
    let world = ModelFolder.read (Oracles.path "model")
    let sampler = Sampler.create (Backend.Cpu 2) world
    let sae = (SaeFolder.read (Oracles.path $"saes/{name}")).Sae
    Evaluation.run (Backend.Cpu 2) sampler world sae { Samples = samples; BatchSize = 1024 }

let encoded: TheoryData<string> =
    TheoryData<string>(
        [| "standard"
           "gated"
           "topk"
           "batchtopk"
           "matryoshka_batchtopk"
           "matryoshka_batchtopk_levelaux"
           "jumprelu"
           "jumprelu_tanh"
           "matching_pursuit"
           "matching_pursuit_stop" |]
    )

[<Theory; MemberData(nameof encoded)>]
let ``an evaluation agrees with the reference's, which has samples of its own`` name =
    let expected = Map.ofList saes.Value |> Map.find name
    let result = evaluate name samples

    for field, metric in sampled do
        let theirs, ours = figure expected field, metric result.Metrics
        // Both have the same number of samples; 1e-6 is for figures that do not vary.
        let bound = 5.0 * sqrt 2.0 * metric result.StandardErrors + 1e-6

        Assert.True(
            abs (theirs - ours) <= bound,
            $"{field} {ours}, theirs {theirs} ± {bound / 5.0}"
        )

[<Theory>]
[<InlineData("topk")>]
[<InlineData("batchtopk")>]
[<InlineData("matryoshka_batchtopk")>]
[<InlineData("jumprelu")>]
let ``as many latents stay dead as their firing rates say`` name =
    let expected = Map.ofList saes.Value |> Map.find name
    let result = evaluate name (10L * samples)

    // The chance that a latent that fired c times here stays silent in a tenth of the samples: its rate has
    // the distribution Gamma(c + ½, 10 n) by Jeffreys' prior.
    let silent =
        result.Latents
        |> Array.map (fun latent ->
            let count = latent.FiringRate * float (10L * samples)
            (10.0 / 11.0) ** (count + 0.5))

    let bound = 5.0 * sqrt (silent |> Array.sumBy (fun p -> p * (1.0 - p)))
    let theirs = figure expected "dead_latents"

    Assert.True(
        abs (theirs - Array.sum silent) <= bound,
        $"{Array.sum silent} ± {bound / 5.0} dead, theirs {theirs}"
    )
