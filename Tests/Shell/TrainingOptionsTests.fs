/// What runs do around the steps themselves, and what they say of it.
module SynthSae.Tests.Shell.TrainingOptionsTests

open System.IO
open System.Text.Json.Nodes
open SynthSae.Tests
open Xunit

/// Run the preset `tiny` with settings; all events of the run, and the outcome.
let private run (folder: TemporaryFolder) name (settings: string list) =
    let sets = settings |> List.collect (fun setting -> [ "--set"; setting ])

    let outcome =
        Cli.run (
            [ "run"; "tiny"; "--out"; folder.File name; "--cache"; "none"; "--eval-samples"; "4k" ]
            @ sets
        )

    Assert.True(0 = outcome.Code, outcome.Error)
    let lines = File.ReadAllLines(folder.File $"{name}/events.jsonl")
    outcome, lines |> Array.map Cli.json |> List.ofArray

let private ofKind kind (events: JsonObject list) =
    events |> List.filter (fun event -> (Cli.at "event" event).GetValue<string>() = kind)

let private number path (event: JsonObject) = (Cli.at path event).GetValue<float>()

[<Fact>]
let ``events tell K and every term of the loss, and the display K while it changes`` () =
    use folder = new TemporaryFolder()

    let outcome, events =
        run folder "run" [ "sae.l0_schedule.start=9"; "sae.l0_schedule.steps=30" ]

    let steps = ofKind "step" events
    let first, last = List.head steps, List.last steps
    Assert.Equal(9.0, number "k" first, 9)
    Assert.Equal(3.0, number "k" last, 9)
    Assert.True(isNull (first["coefficient"]))

    for step in steps do
        let terms = [ for term in step["losses"].AsObject() -> term.Value.GetValue<float>() ]
        Assert.Equal(number "loss" step, List.sum terms, 6)

    Assert.Equal(number "mse" last, number "losses/mse_loss" last, 9)
    // The line of the last step, whose K is that of the step before or not.
    Assert.DoesNotContain("  k 3", outcome.Error)
    let moving, _ = run folder "moving" [ "sae.l0_schedule.start=9" ]
    Assert.Contains("  k 3.1", moving.Error)

[<Fact>]
let ``a coefficient that cannot be moved further is said once`` () =
    use folder = new TemporaryFolder()

    let outcome, events =
        run
            folder
            "run"
            [ "sae.architecture=standard"
              "sae.l1_coefficient=1e-6"
              "sae.target_l0=1"
              "sae.l0_autotuner.integral_gain=0.9"
              "sae.l0_autotuner.convergence_gain=1" ]

    let steps = ofKind "step" events
    Assert.Equal(1e-6, number "coefficient" (List.head steps), 9)
    Assert.Equal(1e-4, number "coefficient" (List.last steps), 9)
    let last = List.last steps
    Assert.True(isNull (last["k"]))

    let warnings =
        ofKind "note" events
        |> List.filter (fun event ->
            (Cli.at "text" event).GetValue<string>().Contains "out of reach")

    Assert.Equal(1, warnings.Length)
    Assert.Contains("out of reach", outcome.Error)

[<Fact>]
let ``the scale of inputs is estimated once, from samples that are not trained on`` () =
    use folder = new TemporaryFolder()
    let scaling = "sae.normalize_activations=expected_average_only_in"
    let _, events = run folder "run" [ scaling; "n_batches_for_norm_estimate=5" ]
    let scaled = Assert.Single(ofKind "scaled" events)
    Assert.Equal(5.0, number "batches" scaled)
    Assert.True(number "scale" scaled > 0.0)
    let _, more = run folder "more" [ scaling; "n_batches_for_norm_estimate=6" ]
    let other = number "scale" (Assert.Single(ofKind "scaled" more))
    // Sums of norms over batches that are not the training's, but have their distribution.
    Assert.InRange(other / number "scale" scaled, 0.9, 1.1)
    Assert.NotEqual(other, number "scale" scaled)

[<Fact>]
let ``resampled latents are counted in the events`` () =
    use folder = new TemporaryFolder()

    let _, events =
        run
            folder
            "run"
            [ "sae.k=0.002"
              "sae.aux_loss_coefficient=0"
              "sae.resampling.every=10"
              "sae.resampling.window=2"
              "sae.resampling.samples=256" ]

    let resampled = ofKind "resampled" events
    Assert.NotEmpty resampled

    for event in resampled do
        // Before the steps 11, 21, …, and in the first four fifths of 50.
        Assert.Contains(int (number "step" event), [ 11; 21; 31; 41 ])
        Assert.True(number "latents" event > 0.0)

[<Fact>]
let ``an SAE that begins at the features is near them at once`` () =
    use folder = new TemporaryFolder()

    let mcc name settings =
        let _, _ = run folder name (settings @ [ "training_samples=1024"; "lr=1e-9" ])
        let result = Cli.json (File.ReadAllText(folder.File $"{name}/result.json"))
        number "evaluation/saved_form/mcc/value" result

    // L of N features are met exactly.
    Assert.InRange(mcc "exact" [ "sae.initialization.feature_noise=0" ], 0.9999, 1.0001)
    Assert.InRange(mcc "noisy" [ "sae.initialization.feature_noise=0.05" ], 0.9, 0.9999)
    Assert.InRange(mcc "random" [], 0.0, 0.8)

[<Fact>]
let ``activations in files are scaled and resampled from, too`` () =
    use folder = new TemporaryFolder()
    let acts = folder.File "acts"
    ShardFiles.ofTiny acts 3000 |> ignore

    let settings =
        [ $"activations={acts}"
          "sae.normalize_activations=expected_average_only_in"
          "n_batches_for_norm_estimate=5"
          "sae.k=0.002"
          "sae.aux_loss_coefficient=0"
          "sae.resampling.every=10"
          "sae.resampling.window=2"
          "sae.resampling.samples=256" ]

    let _, events = run folder "run" settings
    Assert.Single(ofKind "scaled" events) |> ignore
    Assert.NotEmpty(ofKind "resampled" events)
    run folder "again" settings |> ignore

    let weights name =
        File.ReadAllBytes(folder.File $"{name}/sae/sae_weights.safetensors")

    Assert.Equal<byte>(weights "run", weights "again")
