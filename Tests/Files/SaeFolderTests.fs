module SynthSae.Tests.SaeFolderTests

open System
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Spec
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Xunit

let private supported =
    [ "standard"
      "topk"
      "jumprelu"
      "jumprelu_tanh"
      "batchtopk"
      "matryoshka_batchtopk"
      "matryoshka_batchtopk_levelaux" ]

let private outputs name =
    Safetensors.read (Oracles.path $"saes/{name}/outputs.safetensors")

/// Latents and reconstruction agree with the reference's to float32 rounding.
let private agrees (sae: Sae) (name: string) (encode: string) (decode: string) =
    use file = outputs name
    let f = PlainSae.encode sae (file.Matrix "x")
    let latents = PlainSae.distance f (file.Matrix encode)
    let reconstruction = PlainSae.distance (PlainSae.decode sae f) (file.Matrix decode)
    Assert.True(latents < 2e-5, $"{name}: latents differ by {latents}")
    Assert.True(reconstruction < 2e-5, $"{name}: reconstructions differ by {reconstruction}")

[<Fact>]
let ``the reference's inference SAEs encode and decode as it says`` () =
    for name in supported do
        let folder = SaeFolder.read (Oracles.path $"saes/{name}")
        agrees folder.Sae name "encode" "decode"

[<Fact>]
let ``the reference's training SAEs encode and decode as it says`` () =
    for name in supported do
        let folder = SaeFolder.read (Oracles.path $"saes_training/{name}")
        agrees folder.Sae name "training_encode" "training_decode"

[<Fact>]
let ``the inference form of a training SAE is the one that the reference saved`` () =
    for name in supported do
        let ours = (SaeFolder.read (Oracles.path $"saes_training/{name}")).Inference
        let theirs = (SaeFolder.read (Oracles.path $"saes/{name}")).Sae

        let close (a: Matrix) (b: Matrix) =
            Assert.True(
                PlainSae.distance (Array2D.init a.Rows a.Cols (fun i j -> float a[i, j])) b < 1e-6
            )

        agrees ours name "encode" "decode"

        close ours.Encoder theirs.Encoder
        close ours.Decoder theirs.Decoder

        match ours.Activation, theirs.Activation with
        | Activation.JumpRelu a, Activation.JumpRelu b ->
            Array.iter2 (fun x y -> Assert.Equal(float x, float y, 1e-6)) a b
        | a, b -> Assert.Equal(a, b)

let private same (a: Sae) (b: Sae) =
    Assert.True(a.Encoder.Span.SequenceEqual b.Encoder.Span)
    Assert.True(a.Decoder.Span.SequenceEqual b.Decoder.Span)
    Assert.Equal<float32>(a.EncoderBias, b.EncoderBias)
    Assert.Equal<float32>(a.DecoderBias, b.DecoderBias)
    Assert.Equal(a.ApplyDecoderBiasToInput, b.ApplyDecoderBiasToInput)
    Assert.Equal(a.Activation, b.Activation)

/// Fields of a folder's cfg.json as JSON texts.
let private fields path =
    use document = JsonDocument.Parse(File.ReadAllText(Path.Combine(path, SaeFolder.ConfigFile)))

    [ for field in document.RootElement.EnumerateObject() ->
          field.Name, field.Value.GetRawText().Replace(" ", "") ]
    |> Map.ofList

[<Fact>]
let ``an SAE is written with the reference's weights file to the byte and its cfg fields`` () =
    use folder = new TemporaryFolder()

    for name in supported do
        let original = Oracles.path $"saes/{name}"
        let target = folder.File name
        let sae = (SaeFolder.read original).Sae
        SaeFolder.write target (JsonObject()) sae

        let weights path =
            File.ReadAllBytes(Path.Combine(path, SaeFolder.WeightsFile))

        Assert.Equal<byte>(weights original, weights target)
        same sae (SaeFolder.read target).Sae

        Assert.Equal<Map<string, string>>(fields original, fields target)

[<Fact>]
let ``own metadata is added to the configuration`` () =
    use folder = new TemporaryFolder()
    let sae = (SaeFolder.read (Oracles.path "saes/topk")).Sae
    let own = JsonObject()
    own["l0"] <- JsonValue.Create 24.5
    SaeFolder.write folder.Path own sae
    let text = File.ReadAllText(folder.File SaeFolder.ConfigFile)
    Assert.Contains("\"l0\":24.5", text)
    same sae (SaeFolder.read folder.Path).Sae

[<Fact>]
let ``BatchTopK is not written in inference form`` () =
    use folder = new TemporaryFolder()
    let sae = (SaeFolder.read (Oracles.path "saes_training/batchtopk")).Sae

    Assert.Throws<ArgumentException>(fun () -> SaeFolder.write folder.Path (JsonObject()) sae)
    |> ignore

    Assert.Empty(Directory.GetFileSystemEntries folder.Path)

[<Fact>]
let ``a training form is written with the reference's weights file and its cfg fields`` () =
    use folder = new TemporaryFolder()

    for name in [ "topk"; "batchtopk" ] do
        let original = Oracles.path $"saes_training/{name}"
        let target = folder.File name
        let source = SaeFolder.read original

        let spec =
            match SaeSpec.ofJson source.Config.Text with
            | Ok spec -> spec
            | Error errors -> failwith $"{errors}"

        let threshold = defaultArg source.TopKThreshold 0.0
        SaeFolder.writeTraining target (JsonObject()) spec threshold source.Sae

        let weights path =
            File.ReadAllBytes(Path.Combine(path, SaeFolder.WeightsFile))

        Assert.Equal<byte>(weights original, weights target)
        let found = SaeFolder.read target
        same source.Sae found.Sae
        Assert.Equal(source.TopKThreshold, found.TopKThreshold)
        let theirs = fields original |> Map.remove "use_sparse_activations"

        Assert.Equal<Map<string, string>>(
            theirs,
            fields target |> Map.map (fun _ -> _.Replace("5.0", "5"))
        )

[<Fact>]
let ``sparsity is the logarithm of the frequency`` () =
    use folder = new TemporaryFolder()
    SaeFolder.writeSparsity folder.Path [| 0.0; 0.01; 1.0 |]
    use file = Safetensors.read (folder.File "sparsity.safetensors")

    Array.iter2
        (fun a b -> Assert.Equal(a, float b, 1e-6))
        [| -10.0; -2.0; 0.0 |]
        (file.Float32 "sparsity")

// ---- hostile folders ---------------------------------------------------------------------------

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
    for name in [ "gated"; "matching_pursuit"; "matching_pursuit_stop" ] do
        for folder in [ "saes"; "saes_training" ] do
            let error =
                Assert.Throws<BadInput>(fun () ->
                    SaeFolder.read (Oracles.path $"{folder}/{name}") |> ignore)

            Assert.StartsWith("architecture: '" + name.Replace("_stop", ""), error.problem)
            Assert.Contains("supported are standard, topk, jumprelu", error.problem)

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
        "normalize_activations: 'layer_norm' is not supported",
        topk "\"normalize_activations\": \"none\"" "\"normalize_activations\": \"layer_norm\""
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
    same (SaeFolder.read source).Sae (SaeFolder.read folder.Path).Sae

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

    same sae (SaeFolder.read folder.Path).Sae

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

[<Fact>]
let ``a damaged folder is an input error or readable, never a crash`` () =
    use folder = new TemporaryFolder()
    let mutable rejected = 0

    for name in [ "saes/jumprelu"; "saes_training/batchtopk" ] do
        for file in [ SaeFolder.ConfigFile; SaeFolder.WeightsFile ] do
            for file in [ SaeFolder.ConfigFile; SaeFolder.WeightsFile ] do
                File.Copy(Path.Combine(Oracles.path name, file), folder.File file, true)

            let intact = File.ReadAllBytes(folder.File file)

            Property.forAll (Damage.of' intact) (fun bytes ->
                File.WriteAllBytes(folder.File file, bytes)

                try
                    SaeFolder.read folder.Path |> ignore
                with BadInput(place, _) ->
                    Assert.StartsWith(folder.Path, place)
                    rejected <- rejected + 1

                true)

    Assert.True(rejected > 40, $"only {rejected} of 400 damages were rejected")
