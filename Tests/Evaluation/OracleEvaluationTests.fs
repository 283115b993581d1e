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
