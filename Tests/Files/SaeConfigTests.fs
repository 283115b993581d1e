module SynthSae.Tests.SaeConfigTests

open System
open System.IO
open Xunit
open SynthSae.Compute
open SynthSae.Compute.Files

/// A copy of an oracle SAE with its cfg.json and weights changed; the problem that reading it raises.
let private problemOf (name: string) (config: string -> string) (weights: string -> unit) =
    use folder = new TemporaryFolder()
    let source = Oracles.path name

    for file in [ SaeFolder.ConfigFile; SaeFolder.WeightsFile ] do
        File.Copy(Path.Combine(source, file), folder.File file)

    let text = config (File.ReadAllText(folder.File SaeFolder.ConfigFile))
    File.WriteAllText(folder.File SaeFolder.ConfigFile, text)
    weights (folder.File SaeFolder.WeightsFile)
    let error = Assert.Throws<BadInput>(fun () -> SaeFolder.read folder.Path |> ignore)
    Path.GetFileName error.place, error.problem

let private problemOfConfig name (from: string) (replacement: string) =
    let change (text: string) =
        Assert.Contains(from, text)
        text.Replace(from, replacement)

    let file, problem = problemOf name change ignore
    Assert.Equal("cfg.json", file)
    problem

[<Fact>]
let ``an unsupported architecture is named together with the supported ones`` () =
    let problem = problemOfConfig "saes/topk" "\"topk\"" "\"transcoder\""
    Assert.StartsWith("architecture: 'transcoder' is not supported", problem)
    Assert.Contains("supported are standard, topk, abstopk", problem)

[<Fact>]
let ``a missing or wrong field of the configuration is named`` () =
    let topk = problemOfConfig "saes/topk"
    Assert.Equal("k: is missing", topk "\"k\": 5" "\"kk\": 5")
    Assert.Equal("d_in: is missing", topk "\"d_in\"" "\"in\"")
    Assert.Equal("d_sae: is missing", topk "\"d_sae\"" "\"sae\"")
    Assert.Equal("architecture: is missing", topk "\"architecture\"" "\"kind\"")
    Assert.Equal("k: must be an integer from 1 (got 2.5)", topk "\"k\": 5" "\"k\": 2.5")
    Assert.Equal("k: must be at most d_sae 48 (got 49)", topk "\"k\": 5" "\"k\": 49")
    Assert.Equal("d_in: must be an integer from 1 (got -24)", topk "\"d_in\": 24" "\"d_in\": -24")
    Assert.Equal("d_in: must be an integer from 1 (got 1e99)", topk "\"d_in\": 24" "\"d_in\": 1e99")

    Assert.Equal(
        "apply_b_dec_to_input: must be true or false (got 1)",
        topk "\"apply_b_dec_to_input\": true" "\"apply_b_dec_to_input\": 1"
    )

    Assert.StartsWith(
        "normalize_activations: 'batch_norm' is not supported",
        topk "\"normalize_activations\": \"none\"" "\"normalize_activations\": \"batch_norm\""
    )

[<Fact>]
let ``a configuration that is no JSON object is an error`` () =
    let problem text =
        snd (problemOf "saes/topk" (fun _ -> text) ignore)

    Assert.StartsWith("is not JSON", problem "{")
    Assert.Equal("is not a JSON object", problem "[]")
    Assert.Equal("holds text that is not Unicode", problem "{\"architecture\": \"\\ud800\"}")

[<Fact>]
let ``unknown keys and keys left out are taken as by the reference`` () =
    use folder = new TemporaryFolder()
    let source = Oracles.path "saes/standard"
    File.Copy(Path.Combine(source, SaeFolder.WeightsFile), folder.File SaeFolder.WeightsFile)
    let config = "{\"architecture\": \"standard\", \"d_in\": 24, \"d_sae\": 48, \"new\": [1]}"
    File.WriteAllText(folder.File SaeFolder.ConfigFile, config)
    SameSae.check (SaeFolder.read source).Sae (SaeFolder.read folder.Path).Sae

[<Fact>]
let ``weights that do not fit the configuration are an error`` () =
    let problem =
        problemOf "saes/topk" (fun text -> text.Replace("\"d_sae\": 48", "\"d_sae\": 47")) ignore

    Assert.Equal(
        ("sae_weights.safetensors", "tensor 'W_enc' has shape [24, 48]; [24, 47] is expected"),
        problem
    )

[<Fact>]
let ``a missing or unknown tensor is named`` () =
    let jumprelu (text: string) =
        text.Replace("\"topk\"", "\"jumprelu\"")

    Assert.Equal(
        ("sae_weights.safetensors", "has no tensor 'threshold'"),
        problemOf "saes/topk" jumprelu ignore
    )

    let standard (text: string) =
        text.Replace("\"jumprelu\"", "\"standard\"")

    let file, problem = problemOf "saes/jumprelu" standard ignore
    Assert.Equal("sae_weights.safetensors", file)
    Assert.StartsWith("holds the unknown tensor 'threshold'", problem)

[<Fact>]
let ``a weight that is not a number is an error`` () =
    let spoil (path: string) =
        let bytes = File.ReadAllBytes path
        BitConverter.GetBytes(Single.NaN).CopyTo(bytes, bytes.Length - 4)
        File.WriteAllBytes(path, bytes)

    let problem = problemOf "saes/topk" id spoil
    Assert.Equal(("sae_weights.safetensors", "tensor 'b_enc' holds NaN"), problem)

[<Fact>]
let ``state of the reference's controllers in a published file is ignored`` () =
    use folder = new TemporaryFolder()
    let source = Oracles.path "saes/standard"
    let sae = (SaeFolder.read source).Sae
    File.Copy(Path.Combine(source, SaeFolder.ConfigFile), folder.File SaeFolder.ConfigFile)

    Safetensors.write
        (folder.File SaeFolder.WeightsFile)
        []
        [ "W_enc", Tensor.Transposed sae.Encoder
          "W_dec", Tensor.Matrix sae.Decoder
          "b_enc", Tensor.vector sae.EncoderBias
          "b_dec", Tensor.vector sae.DecoderBias
          "coefficient_autotuner.rate", Tensor.Float64([], [| 1.0 |]) ]

    SameSae.check sae (SaeFolder.read folder.Path).Sae

[<Fact>]
let ``a checkpoint with logarithmic thresholds is converted`` () =
    use folder = new TemporaryFolder()
    let source = Oracles.path "saes_training/jumprelu"
    let sae = (SaeFolder.read source).Sae
    File.Copy(Path.Combine(source, SaeFolder.ConfigFile), folder.File SaeFolder.ConfigFile)

    let threshold =
        match sae.Activation with
        | Activation.JumpRelu threshold -> threshold
        | other -> failwith $"{other}"

    Safetensors.write
        (folder.File SaeFolder.WeightsFile)
        []
        [ "W_enc", Tensor.Transposed sae.Encoder
          "W_dec", Tensor.Matrix sae.Decoder
          "b_enc", Tensor.vector sae.EncoderBias
          "b_dec", Tensor.vector sae.DecoderBias
          "log_threshold", Tensor.vector (Array.map log threshold) ]

    match (SaeFolder.read folder.Path).Sae.Activation with
    | Activation.JumpRelu found ->
        Array.iter2 (fun a b -> Assert.Equal(float a, float b, 1e-6)) threshold found
    | other -> failwith $"{other}"

/// Both forms can be made of what was read, or the input is at fault.
let private convertible (read: SaeFolder) =
    for form in [ SaeForm.Inference; SaeForm.Training ] do
        try
            let target = { Form = form; Fold = false; Architecture = None }

            SaeConversion.plan target read |> ignore
            SaeConfig.metadataOf read.Config |> ignore
        with BadInput _ ->
            ()

[<Fact>]
let ``text that is not Unicode in the metadata is an input error when it is to be written`` () =
    use folder = new TemporaryFolder()
    let source = Oracles.path "saes/topk"
    File.Copy(Path.Combine(source, SaeFolder.WeightsFile), folder.File SaeFolder.WeightsFile)
    let text = File.ReadAllText(Path.Combine(source, SaeFolder.ConfigFile))

    File.WriteAllText(
        folder.File SaeFolder.ConfigFile,
        text.Replace("\"metadata\": {", "\"metadata\": {\"name\": \"\\ud800\", ")
    )

    let read = SaeFolder.read folder.Path
    let error = Assert.Throws<BadInput>(fun () -> SaeConfig.metadataOf read.Config |> ignore)
    Assert.Equal("holds text that is not Unicode", error.problem)

[<Fact>]
let ``a damaged folder is an input error or readable, never a crash`` () =
    use folder = new TemporaryFolder()
    let mutable rejected = 0

    for name in [ "saes/jumprelu"; "saes_training/batchtopk"; "saes_training/gated" ] do
        for file in [ SaeFolder.ConfigFile; SaeFolder.WeightsFile ] do
            for file in [ SaeFolder.ConfigFile; SaeFolder.WeightsFile ] do
                File.Copy(Path.Combine(Oracles.path name, file), folder.File file, true)

            let intact = File.ReadAllBytes(folder.File file)

            Property.forAll (Damage.of' intact) (fun bytes ->
                File.WriteAllBytes(folder.File file, bytes)

                try
                    let read = SaeFolder.read folder.Path
                    convertible read
                with BadInput(place, _) ->
                    Assert.StartsWith(folder.Path, place)
                    rejected <- rejected + 1

                true)

    Assert.True(rejected > 40, $"only {rejected} of 600 damages were rejected")
