module SynthSae.Tests.Spec.PresetTests

open Xunit
open SynthSae.Spec

let private run name =
    (Presets.tryFind name |> Option.get).Run

[<Fact>]
let ``every preset is valid, has a name of its own and one line of description`` () =
    for preset in Presets.all do
        Assert.True(Result.isOk (RunSpec.validate preset.Run), preset.Name)
        Assert.NotEqual<string>("", preset.Description)
        Assert.DoesNotContain("\n", preset.Description)

    Assert.Equal(Presets.all.Length, Presets.all |> List.distinctBy _.Name |> List.length)

[<Fact>]
let ``the two benchmark worlds differ only in whether parents scale their children`` () =
    let scaled = run "synth-sae-bench-16k"

    let unscaled =
        RunSpec.set [ "synthetic_model.hierarchy.scale_children_by_parent", "false" ] scaled

    Assert.Equal(Ok(run "synth-sae-bench-16k-v1"), unscaled)

[<Fact>]
let ``the toy has the true L0 of the authors' code`` () =
    match RunSpec.model (run "sparse-but-wrong-toy") with
    | Some { FiringProbability = FiringProbability.Explicit ps } ->
        Assert.Equal(10.9525, Array.sum ps, 9)
    | other -> failwith $"{other}"

[<Fact>]
let ``an unknown preset is refused with the nearest name`` () =
    match Presets.find "synth-sae-bench-16" with
    | Error [ error ] ->
        Assert.Equal("there is no such preset; did you mean \"synth-sae-bench-16k\"?", error.Rule)
        Assert.Equal("synth-sae-bench-16", error.Value)
    | other -> failwith $"{other}"
