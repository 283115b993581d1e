/// The small model that the reference saved (oracles/model), made again from its seed: the reference
/// draws it on the CPU with torch's generator, which `TorchRandom` follows.
module SynthSae.Tests.ModelOracleTests

open System.IO
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Compute.Ops
open SynthSae.Spec
open Xunit

let private text name =
    File.ReadAllText(Oracles.path ("model/" + name))

let private valid result =
    match result with
    | Ok value -> value
    | Error errors -> failwith $"%A{errors}"

let private spec =
    lazy (SyntheticModelSpec.ofJson (text "synthetic_model_config.json") |> valid)

let private world =
    lazy (SyntheticModelSpec.validate spec.Value |> valid |> WorldCompiler.compile Backend.cpu)

let private stored file (name: string) =
    use file = Safetensors.read (Oracles.path file)
    file.Float32 name

let private assertClose (tolerance: float) (expected: float32[]) (actual: float32[]) =
    Assert.Equal(expected.Length, actual.Length)

    for i in 0 .. expected.Length - 1 do
        let expected, actual = float expected[i], float actual[i]
        let message = $"element {i}: {actual} for {expected}"
        Assert.True(abs (actual - expected) <= tolerance * (1.0 + abs expected), message)

[<Fact>]
let ``the generated forest is the reference's file, flag by flag`` () =
    let expected = Hierarchy.ofJson (text "hierarchy.json") |> valid
    Assert.Equal<HierarchyNode list>(expected, Forests.trees 42UL 96 spec.Value.Hierarchy)

[<Fact>]
let ``firing probabilities and thresholds are the reference's`` () =
    let probabilities = stored "model/synthetic_model.safetensors" "firing_probabilities"
    assertClose 1e-6 probabilities world.Value.Probability
    assertClose 1e-5 (stored "model_samples.safetensors" "thresholds") world.Value.Threshold

[<Fact>]
let ``magnitudes are the reference's`` () =
    let expected = stored "model_samples.safetensors"
    assertClose 2e-7 (expected "mean_firing_magnitudes") world.Value.MeanMagnitude
    assertClose 1e-6 (expected "std_firing_magnitudes") world.Value.StdMagnitude

[<Fact>]
let ``torch's draw for the seed, orthogonalised, is the reference's dictionary`` () =
    let n, d = 96, 24
    let expected = stored "model/synthetic_model.safetensors" "feature_vectors"
    let settings = spec.Value.Orthogonalization.Value

    let orthogonalise =
        [ OrthogonaliseReference.run settings.NumSteps settings.Lr
          OrthogonaliseCpu.run 2 settings.NumSteps settings.Lr ]

    for run in orthogonalise do
        let v = Matrix.ofArray n d (TorchRandom.randn (n * d) 42L)
        run v

        for row in 0 .. n - 1 do
            let own = v.Row(row).ToArray()
            let theirs = expected[row * d .. (row + 1) * d - 1]
            let cosine = Array.fold2 (fun sum a b -> sum + float a * float b) 0.0 own theirs
            Assert.True(cosine >= 1.0 - 1e-5, $"row {row}: cosine {cosine}")

[<Fact>]
let ``torch's draw for the seed plus 4 is the reference's correlation factor`` () =
    let expected = stored "model/synthetic_model.safetensors"
    let drawn = TorchRandom.randn (96 * 8) 46L |> Array.map (fun z -> 0.1f * z)
    assertClose 1e-6 (expected "correlation_factor") drawn
    let sd = Correlations.residualSd (Matrix.ofArray 96 8 drawn)
    assertClose 1e-6 (expected "correlation_diag") (sd |> Array.map (fun sd -> sd * sd))
