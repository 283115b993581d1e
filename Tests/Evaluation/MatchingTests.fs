module SynthSae.Tests.Evaluation.MatchingTests

open Xunit
open SynthSae.Compute
open SynthSae.Compute.Ops

/// Standard normal elements.
let private gaussian key rows cols =
    Matrix.init rows cols (fun row col ->
        float32 (Draw.normal key Stream.Inspection Purpose.FeatureVector (int64 row) col))

let private both: (string * Backend)[] =
    [| "reference", Backend.Reference; "cpu", Backend.Cpu 2 |]

/// Run a claim on each backend.
let private onEach (claim: Backend -> unit) =
    for _, backend in both do
        claim backend

[<Fact>]
let ``latents that are the features, permuted, flipped and stretched, match perfectly`` () =
    onEach (fun backend ->
        let features = gaussian 1UL 60 24
        let feature latent = (7 * latent + 5) % 60

        let decoder =
            Matrix.init 40 24 (fun latent d ->
                let scale = if latent % 2 = 0 then 3.0f else -0.5f
                scale * features[feature latent, d])

        let matching = Matching.run backend decoder features
        Assert.Equal<int[]>(Array.init 40 feature, matching.BestFeature)
        Assert.Equal<int[]>(matching.BestFeature, matching.AssignedFeature)
        Assert.Equal(1.0, matching.Mcc, 1e-6)
        Assert.Equal(1.0, matching.Uniqueness)

        for latent in 0..39 do
            let sign = if latent % 2 = 0 then 1.0 else -1.0
            Assert.Equal(sign, matching.BestCosine[latent], 1e-6)
            Assert.Equal(sign, matching.AssignedCosine[latent], 1e-6))

[<Fact>]
let ``two latents on one feature count once for uniqueness, and only one is assigned to it`` () =
    onEach (fun backend ->
        let features = Matrix.init 4 4 (fun row col -> if row = col then 1.0f else 0.0f)
        let decoder = Matrix.ofArray 2 4 [| 1.0f; 0.0f; 0.0f; 0.0f; 2.0f; 0.0f; 0.0f; 0.0f |]
        let matching = Matching.run backend decoder features
        Assert.Equal<int[]>([| 0; 0 |], matching.BestFeature)
        Assert.Equal(0.5, matching.Uniqueness)
        Assert.Equal(0.5, matching.Mcc, 1e-9)
        Assert.Equal(1, matching.AssignedFeature |> Array.filter ((=) 0) |> Array.length))

[<Fact>]
let ``latents in excess stay without a feature, and the mean is over the pairs`` () =
    onEach (fun backend ->
        let features = gaussian 2UL 10 16
        let noise = gaussian 3UL 25 16

        let decoder =
            Matrix.init 25 16 (fun latent d ->
                if latent < 10 then features[latent, d] else noise[latent, d])

        let matching = Matching.run backend decoder features
        Assert.Equal<int[]>([| 0..9 |], matching.AssignedFeature[..9])
        Assert.All(matching.AssignedFeature[10..], fun feature -> Assert.Equal(-1, feature))
        Assert.All(matching.AssignedCosine[10..], fun cosine -> Assert.Equal(0.0, cosine))
        Assert.Equal(1.0, matching.Mcc, 1e-6)
        Assert.True(matching.Uniqueness <= 0.4))

[<Fact>]
let ``zero decoder rows point to the first feature and add nothing`` () =
    onEach (fun backend ->
        let features = gaussian 4UL 12 8

        let decoder =
            Matrix.init 6 8 (fun latent d -> if latent < 3 then features[11 - latent, d] else 0.0f)

        let matching = Matching.run backend decoder features
        Assert.Equal<int[]>([| 11; 10; 9; 0; 0; 0 |], matching.BestFeature)
        Assert.Equal(0.5, matching.Mcc, 1e-6)
        Assert.Equal(4.0 / 6.0, matching.Uniqueness, 1e-12)
        Assert.Equal(6, (Array.distinct matching.AssignedFeature).Length))

[<Theory>]
[<InlineData(50, 90, 12)>]
[<InlineData(64, 64, 5)>]
[<InlineData(120, 35, 12)>]
let ``the backends agree on random directions`` latents features dim =
    let decoder, dictionary = gaussian 5UL latents dim, gaussian 6UL features dim
    let reference = Matching.run Backend.Reference decoder dictionary
    let cpu = Matching.run (Backend.Cpu 2) decoder dictionary
    Assert.Equal(reference.Mcc, cpu.Mcc, 1e-6)
    Assert.Equal<int[]>(reference.BestFeature, cpu.BestFeature)
    Assert.Equal<float[]>(reference.BestCosine, cpu.BestCosine)
