module SynthSae.Tests.SaeLegacyTests

open System
open System.IO
open System.Text
open System.Text.Json.Nodes
open Xunit
open SynthSae.Compute
open SynthSae.Compute.Files

/// A folder with this configuration, and with the weights of an oracle or of its own.
let private folderWith (config: string) (weights: string -> unit) =
    let folder = new TemporaryFolder()
    File.WriteAllText(folder.File SaeFolder.ConfigFile, config)
    weights (folder.File SaeFolder.WeightsFile)
    folder

let private weightsOf name (path: string) =
    File.Copy(Path.Combine(Oracles.path $"saes/{name}", SaeFolder.WeightsFile), path)

let private read config weights =
    use folder = folderWith config weights
    SaeFolder.read folder.Path

let private problem config weights =
    use folder = folderWith config weights
    (Assert.Throws<BadInput>(fun () -> SaeFolder.read folder.Path |> ignore)).problem

let private oracle name =
    (SaeFolder.read (Oracles.path $"saes/{name}")).Sae

/// A configuration of version 5, with more fields.
let private version5 (fields: string) =
    $"""{{"d_in": 24, "d_sae": 48, "dtype": "torch.float32", "device": "cuda", "model_name": "gpt2-small",
         "hook_name": "blocks.6.hook_resid_pre", "hook_layer": 6, "hook_head_index": null,
         "apply_b_dec_to_input": true, "finetuning_scaling_factor": false, "prepend_bos": true,
         "dataset_path": "openwebtext", "context_size": 128, "normalize_activations": "none",
         "sae_lens_training_version": "5.10.0", "neuronpedia_id": null, {fields} }}"""

// ---- configurations ----------------------------------------------------------------------------

[<Fact>]
let ``a configuration without architecture is standard`` () =
    let folder =
        read
            (version5 "\"activation_fn_str\": \"relu\", \"activation_fn_kwargs\": {}")
            (weightsOf "standard")

    SameSae.check (oracle "standard") folder.Sae
    Assert.True folder.Config.Legacy
    Assert.Equal(SaeForm.Inference, folder.Config.Form)
    Assert.Contains("names no version", String.concat ";" folder.Notes)
    let metadata = SaeConfig.metadataOf folder.Config
    Assert.Equal("gpt2-small", string metadata["model_name"])
    Assert.Equal("5.10.0", string metadata["sae_lens_training_version"])
    Assert.False(metadata.ContainsKey "d_in")

[<Fact>]
let ``before version 6 topk is an activation function with its own k`` () =
    for name in [ "activation_fn_str"; "activation_fn" ] do
        for architecture in
            [ ""; "\"architecture\": \"standard\", "; "\"architecture\": \"topk\", " ] do
            let fields =
                $"{architecture}\"{name}\": \"topk\", \"activation_fn_kwargs\": {{\"k\": 5}}"

            let folder = read (version5 fields) (weightsOf "topk")
            Assert.Equal(Activation.TopK(5, false), folder.Sae.Activation)
            Assert.Equal("topk", folder.Config.Architecture)

[<Fact>]
let ``every architecture of version 5 is read`` () =
    for name in [ "standard"; "gated"; "jumprelu" ] do
        let fields =
            $"\"architecture\": \"{name}\", \"activation_fn_str\": \"relu\", \"sae_lens_version\": \"5.9.1\""

        let folder = read (version5 fields) (weightsOf name)
        SameSae.check (oracle name) folder.Sae
        Assert.Contains("cfg.json is of version 5.9.1 of the reference", folder.Notes)

[<Fact>]
let ``an activation function that is not there is an error`` () =
    let fields = "\"activation_fn_str\": \"tanh-relu\""

    Assert.Equal(
        "activation_fn: 'tanh-relu' is not supported; supported is relu",
        problem (version5 fields) (weightsOf "standard")
    )

[<Fact>]
let ``a version that is none is an error`` () =
    Assert.Equal(
        "sae_lens_version: must be a version (got six)",
        problem (version5 "\"sae_lens_version\": \"six\"") (weightsOf "standard")
    )

[<Fact>]
let ``a flag tells normalisation in the oldest files`` () =
    let config value =
        $"{{\"d_in\": 24, \"d_sae\": 48, \"normalize_activations\": {value}}}"

    for value in [ "false"; "null" ] do
        SameSae.check (oracle "standard") (read (config value) (weightsOf "standard")).Sae

    Assert.Contains(
        "expected_average_only_in means inputs times a factor",
        problem (config "true") (weightsOf "standard")
    )

[<Fact>]
let ``the old names of hooks tell heads that are flattened`` () =
    let folder =
        read
            "{\"d_in\": 24, \"d_sae\": 48, \"hook_point\": \"blocks.5.attn.hook_z\"}"
            (weightsOf "standard")

    Assert.Equal("hook_z", folder.Config.Reshape)
    let hook = (SaeConfig.metadataOf folder.Config)["hook_name"]
    Assert.Equal("blocks.5.attn.hook_z", string hook)

[<Fact>]
let ``scaling of topk by decoder norms is as old as version 6.14`` () =
    let config version =
        $"""{{"architecture": "topk", "d_in": 24, "d_sae": 48, "k": 5, "aux_loss_coefficient": 1.0,
             "decoder_init_norm": 0.1, "metadata": {{"sae_lens_version": "{version}"}}}}"""

    for version, rescales in [ "6.0.0-rc.3", false; "6.13.1", false; "6.14.0", true; "7.0", true ] do
        let folder = read (config version) (weightsOf "topk")
        Assert.Equal(SaeForm.Training, folder.Config.Form)
        Assert.Equal(Activation.TopK(5, rescales), folder.Sae.Activation)

[<Fact>]
let ``an old training form is converted, and what has no meaning is named`` () =
    use folder =
        folderWith
            (version5
                "\"architecture\": \"topk\", \"activation_fn_str\": \"topk\", \"activation_fn_kwargs\": {\"k\": 5}, \"l1_coefficient\": 1.0, \"use_ghost_grads\": false")
            (weightsOf "topk")

    use result = new TemporaryFolder()

    let target =
        { Form = SaeForm.Training
          Fold = false
          Architecture = None }

    let _, conversion = SaeConversion.convert target folder.Path result.Path false
    let found = SaeFolder.read result.Path
    Assert.False found.Config.Legacy
    Assert.Equal(Activation.TopK(5, false), found.Sae.Activation)
    Assert.Contains("use_ghost_grads", String.concat ";" conversion.Changes)

[<Fact>]
let ``normalisation of each input is honoured`` () =
    let config name =
        $"{{\"d_in\": 24, \"d_sae\": 48, \"normalize_activations\": \"{name}\"}}"

    let x =
        use file = Safetensors.read (Oracles.path "saes/standard/outputs.safetensors")
        file.Matrix "x"

    for name, scaling in
        [ "constant_norm_rescale", InputScaling.ConstantNorm
          "layer_norm", InputScaling.LayerNorm ] do
        let sae = (read (config name) (weightsOf "standard")).Sae
        SameSae.check { oracle "standard" with Scaling = scaling } sae
        // Latents do not see the size of x, and the reconstruction has it.
        let times factor (matrix: Matrix) =
            Matrix.init matrix.Rows matrix.Cols (fun i j -> factor * matrix[i, j])

        let f, y = RandomSaes.run Backend.Reference sae x
        let f', y' = RandomSaes.run Backend.Reference sae (times 4.0f x)

        for i in 0 .. x.Rows - 1 do
            Assert.Equal(float f[i, 0], float f'[i, 0], 1e-3)
            Assert.Equal(4.0 * float y[i, 0], float y'[i, 0], 1e-2)

// ---- weights -----------------------------------------------------------------------------------

/// A safetensors file of tensors in a type that is not written otherwise.
let private raw (path: string) (dtype: string) (tensors: (string * int list * byte[]) list) =
    let header = JsonObject()
    let mutable place = 0

    for name, shape, bytes in tensors do
        let entry = JsonObject()
        let numbers = shape |> List.map (fun n -> JsonValue.Create n :> JsonNode)
        entry["dtype"] <- JsonValue.Create dtype
        entry["shape"] <- JsonArray(List.toArray numbers)

        entry["data_offsets"] <-
            JsonArray(JsonValue.Create place, JsonValue.Create(place + bytes.Length))

        header[name] <- entry
        place <- place + bytes.Length

    let text = Encoding.UTF8.GetBytes(header.ToJsonString())
    use file = File.Create path
    file.Write(BitConverter.GetBytes(uint64 text.Length), 0, 8)
    file.Write(text, 0, text.Length)

    for _, _, bytes in tensors do
        file.Write(bytes, 0, bytes.Length)

let private small =
    "{\"architecture\": \"standard\", \"d_in\": 2, \"d_sae\": 3, \"dtype\": \"float16\"}"

// Powers of two are exact in every type.
let private values = [| 0.5f; -2.0f; 4.0f; 0.25f; 1.0f; -0.125f |]

[<Fact>]
let ``weights in any type of float are read`` () =
    let types: (string * (float32 -> byte[])) list =
        [ "F16", (fun value -> BitConverter.GetBytes(Half.op_Explicit value: Half))
          "BF16",
          (fun value ->
              BitConverter.GetBytes(uint16 (BitConverter.SingleToUInt32Bits value >>> 16)))
          "F64", (fun value -> BitConverter.GetBytes(float value)) ]

    for dtype, encode in types do
        let bytes count =
            values |> Array.truncate count |> Array.collect encode

        let folder =
            read small (fun path ->
                raw
                    path
                    dtype
                    [ "W_enc", [ 2; 3 ], bytes 6
                      "W_dec", [ 3; 2 ], bytes 6
                      "b_enc", [ 3 ], bytes 3
                      "b_dec", [ 2 ], bytes 2 ])

        Assert.Equal<float32>(values, folder.Sae.Decoder.Span.ToArray())
        Assert.Equal(values[3], folder.Sae.Encoder[0, 1])
        let change = if dtype = "F64" then "rounded" else "widened"
        Assert.Contains($"weights in {dtype} are {change} to F32", folder.Notes)

/// The standard oracle with more tensors.
let private withTensors more (path: string) =
    let sae = oracle "standard"

    Safetensors.write
        path
        []
        ([ "W_enc", Tensor.Transposed sae.Encoder
           "W_dec", Tensor.Matrix sae.Decoder
           "b_enc", Tensor.vector sae.EncoderBias
           "b_dec", Tensor.vector sae.DecoderBias ]
         @ more)

[<Fact>]
let ``factors of the latents are multiplied into the decoder`` () =
    let sae = oracle "standard"
    let factors = Array.init sae.Latents (fun j -> 1.0f + float32 j)

    for name in [ "scaling_factor"; "finetuning_scaling_factor" ] do
        let weights = withTensors [ name, Tensor.vector factors ]

        let folder =
            read "{\"d_in\": 24, \"d_sae\": 48, \"finetuning_scaling_factor\": true}" weights

        for j in 0 .. sae.Latents - 1 do
            Assert.Equal(factors[j] * sae.Decoder[j, 3], folder.Sae.Decoder[j, 3])

        Assert.True(sae.Encoder.Span.SequenceEqual folder.Sae.Encoder.Span)

        Assert.Contains(
            "has no finetuning_scaling_factor",
            problem "{\"d_in\": 24, \"d_sae\": 48}" weights
        )

    let ones = withTensors [ "scaling_factor", Tensor.vector (Array.create sae.Latents 1.0f) ]
    SameSae.check sae (read "{\"d_in\": 24, \"d_sae\": 48}" ones).Sae
