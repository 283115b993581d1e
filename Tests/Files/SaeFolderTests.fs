module SynthSae.Tests.SaeFolderTests

open System
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Xunit
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Spec

let private architectures =
    [ "standard"
      "topk"
      "jumprelu"
      "jumprelu_tanh"
      "gated"
      "batchtopk"
      "matryoshka_batchtopk"
      "matryoshka_batchtopk_levelaux"
      "matching_pursuit"
      "matching_pursuit_stop" ]

// ---- what SAEs compute -------------------------------------------------------------------------

let private distance (a: Matrix) (b: Matrix) =
    Seq.max (
        seq {
            for i in 0 .. a.Rows - 1 do
                for j in 0 .. a.Cols - 1 -> abs (a[i, j] - b[i, j])
        }
    )

/// Latents and reconstruction agree with the reference's to float32 rounding, on both backends.
let private agrees (sae: Sae) (name: string) (encode: string) (decode: string) =
    use file = Safetensors.read (Oracles.path $"saes/{name}/outputs.safetensors")

    for backend in [ Backend.Reference; Backend.Cpu 2 ] do
        let f, reconstruction = RandomSaes.run backend sae (file.Matrix "x")
        let latents = distance f (file.Matrix encode)
        let reconstruction = distance reconstruction (file.Matrix decode)
        Assert.True(latents < 2e-5f, $"{name} on {backend}: latents differ by {latents}")

        Assert.True(
            reconstruction < 2e-5f,
            $"{name} on {backend}: reconstructions differ by {reconstruction}"
        )

[<Fact>]
let ``the reference's inference SAEs encode and decode as it says`` () =
    for name in architectures do
        let folder = SaeFolder.read (Oracles.path $"saes/{name}")
        agrees folder.Sae name "encode" "decode"

[<Fact>]
let ``the reference's training SAEs encode and decode as it says`` () =
    for name in architectures do
        let folder = SaeFolder.read (Oracles.path $"saes_training/{name}")
        agrees folder.Sae name "training_encode" "training_decode"

[<Fact>]
let ``the inference form of a training SAE is the one that the reference saved`` () =
    for name in architectures do
        let ours = (SaeFolder.read (Oracles.path $"saes_training/{name}")).Inference
        let theirs = (SaeFolder.read (Oracles.path $"saes/{name}")).Sae

        agrees ours name "encode" "decode"
        Assert.Equal(theirs.Encoder.Rows, ours.Encoder.Rows)

        if ours.Encoder.Rows > 0 then
            Assert.True(distance ours.Encoder theirs.Encoder < 1e-6f)

        Assert.True(distance ours.Decoder theirs.Decoder < 1e-6f)

        match ours.Activation, theirs.Activation with
        | Activation.JumpRelu a, Activation.JumpRelu b ->
            Array.iter2 (fun x y -> Assert.Equal(float x, float y, 1e-6)) a b
        | a, b -> Assert.Equal(a, b)

// ---- writing -----------------------------------------------------------------------------------

/// Fields of a folder's cfg.json as JSON texts.
let private fields path =
    use document = JsonDocument.Parse(File.ReadAllText(Path.Combine(path, SaeFolder.ConfigFile)))

    [ for field in document.RootElement.EnumerateObject() ->
          field.Name, field.Value.GetRawText().Replace(" ", "") ]
    |> Map.ofList

let private weights path =
    File.ReadAllBytes(Path.Combine(path, SaeFolder.WeightsFile))

[<Fact>]
let ``an SAE is written with the reference's weights file to the byte and its cfg fields`` () =
    use folder = new TemporaryFolder()

    for name in architectures do
        let original = Oracles.path $"saes/{name}"
        let target = folder.File name
        let sae = (SaeFolder.read original).Sae
        SaeFolder.write target (JsonObject()) sae
        Assert.Equal<byte>(weights original, weights target)
        SameSae.check sae (SaeFolder.read target).Sae
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
    let found = SaeFolder.read folder.Path
    SameSae.check sae found.Sae
    let l0 = (SaeConfig.metadataOf found.Config)["l0"]
    Assert.Equal("24.5", l0.ToJsonString())

[<Fact>]
let ``BatchTopK is not written in inference form`` () =
    use folder = new TemporaryFolder()
    let sae = (SaeFolder.read (Oracles.path "saes_training/batchtopk")).Sae

    Assert.Throws<ArgumentException>(fun () -> SaeFolder.write folder.Path (JsonObject()) sae)
    |> ignore

    Assert.Empty(Directory.GetFileSystemEntries folder.Path)

/// 1.0 and 1 are one number.
let private plainNumber (json: string) =
    match Double.TryParse(json, System.Globalization.CultureInfo.InvariantCulture) with
    | true, value -> value.ToString System.Globalization.CultureInfo.InvariantCulture
    | _ -> json

[<Fact>]
let ``a training form is written with the reference's weights file and its cfg fields`` () =
    use folder = new TemporaryFolder()

    for name in architectures do
        let original = Oracles.path $"saes_training/{name}"
        let target = folder.File name
        let source = SaeFolder.read original

        let spec =
            match SaeSpec.ofJson source.Config.Text with
            | Ok spec -> spec
            | Error errors -> failwith $"{errors}"

        SaeFolder.writeTraining target (JsonObject()) spec source.Thresholds source.Sae
        Assert.Equal<byte>(weights original, weights target)
        let found = SaeFolder.read target
        SameSae.check source.Sae found.Sae
        Assert.Equal(source.Thresholds, found.Thresholds)
        Assert.Equal(SaeForm.Training, found.Config.Form)

        Assert.Equal<Map<string, string>>(
            fields original |> Map.remove "use_sparse_activations" |> Map.map (fun _ -> plainNumber),
            fields target
            |> Map.filter (fun name _ ->
                name <> "aux_loss_coefficient" || (fields original).ContainsKey name)
            |> Map.map (fun _ -> plainNumber)
        )

[<Fact>]
let ``sparsity is the logarithm of the frequency`` () =
    use folder = new TemporaryFolder()
    Assert.Equal(None, SaeFolder.readSparsity folder.Path)
    SaeFolder.writeSparsity folder.Path [| 0.0; 0.01; 1.0 |]

    Array.iter2
        (fun a b -> Assert.Equal(a, float b, 1e-6))
        [| -10.0; -2.0; 0.0 |]
        (SaeFolder.readSparsity folder.Path).Value
