module SynthSae.Tests.Spec.SetTests

open Xunit
open SynthSae.Spec

let private tiny = (Presets.tryFind "tiny" |> Option.get).Run
let private small = (Presets.tryFind "small" |> Option.get).Run
let private synthetic = DataSource.Synthetic
let private named = { tiny with Data = synthetic (ModelSource.Named "small") }

let private set settings run =
    match RunSpec.set settings run with
    | Ok changed -> changed
    | Error errors -> failwith $"{errors}"

let private errors settings run =
    match RunSpec.set settings run with
    | Error errors -> errors |> List.map string
    | Ok run -> failwith $"{settings} gave {run}"

[<Fact>]
let ``a field is set by its path, the others stay`` () =
    let training =
        { tiny.Training with
            Lr = 0.001
            Samples = 200_000_000L<sample> }

    let changed = set [ "lr", "1e-3"; "training_samples", "2e8" ] tiny
    Assert.Equal({ tiny with Training = training }, changed)

[<Fact>]
let ``a later setting of a field wins`` () =
    Assert.Equal(3e-3, (set [ "lr", "1e-3"; "lr", "3e-3" ] tiny).Training.Lr)

[<Fact>]
let ``a value that is not JSON is a string`` () =
    Assert.Equal(
        LrScheduler.Cosine,
        (set [ "lr_scheduler_name", "cosineannealing" ] tiny).Training.LrScheduler
    )

[<Fact>]
let ``pruning is none, automatic or a number`` () =
    let pruning value =
        (set [ "eval_pruning", value ] tiny).Evaluation.Pruning

    Assert.Equal(PruningSpec.Off, pruning "null")
    Assert.Equal(PruningSpec.Auto, pruning "auto")
    Assert.Equal(PruningSpec.Below 2.5, pruning "2.5")

    for value, shown in [ "best", "\"best\""; "true", "true"; "[2]", "[2]" ] do
        Assert.Equal<string list>(
            [ $"eval_pruning: must be null, \"auto\" or a number (got {shown})" ],
            errors [ "eval_pruning", value ] tiny
        )

[<Fact>]
let ``a whole part is set as JSON`` () =
    let changed = set [ "synthetic_model.hierarchy", "null"; "sae.d_in", "16" ] tiny
    Assert.Equal(None, (RunSpec.model changed |> Option.get).Hierarchy)
    Assert.Equal(Some 16, changed.Sae.DIn)

[<Fact>]
let ``a part that is not there begins with its defaults`` () =
    let without = set [ "synthetic_model.correlation", "null" ] tiny
    let changed = set [ "synthetic_model.correlation.rank", "3" ] without
    Assert.Equal(Correlation.LowRank(3, 0.1), (RunSpec.model changed |> Option.get).Correlation)

[<Fact>]
let ``another architecture keeps what the two have in common`` () =
    let expected =
        { tiny.Sae with
            Architecture = SaeArchitecture.TopK(3, SaeSpec.topKFamily) }

    Assert.Equal(expected, (set [ "sae.architecture", "topk" ] tiny).Sae)

[<Fact>]
let ``a field of the old architecture that is set all the same is an error`` () =
    let error =
        Assert.Single(errors [ "sae.architecture", "topk"; "sae.topk_threshold_lr", "0.1" ] tiny)

    Assert.StartsWith("sae.topk_threshold_lr: is not a known field", error)

[<Fact>]
let ``another generator takes its own defaults`` () =
    let changed = set [ "synthetic_model.firing_probability.generator_name", "constant" ] tiny
    let probability = (RunSpec.model changed |> Option.get).FiringProbability
    Assert.Equal(FiringProbability.Constant 0.1, probability)

[<Fact>]
let ``an unknown path is an error that names the nearest field`` () =
    let expected =
        [ "trainin_samples: is not a known field; did you mean \"training_samples\"? (got 3)"
          "synthetic_model.hiden_dim: is not a known field; did you mean \"hidden_dim\"? (got 3)"
          "sae.dsae: is not a known field; did you mean \"d_sae\"? (got 3)" ]

    let settings = [ "synthetic_model.hiden_dim", "3"; "sae.dsae", "3"; "trainin_samples", "3" ]
    Assert.Equal<string list>(expected, errors settings tiny)

[<Fact>]
let ``a path below a number is an error`` () =
    Assert.Equal<string list>(
        [ "lr: must be a number (got {\"x\": 1})" ],
        errors [ "lr.x", "1" ] tiny
    )

[<Fact>]
let ``a wrong value is an error`` () =
    Assert.Equal<string list>(
        [ "lr: must be a number (got \"fast\")" ],
        errors [ "lr", "fast" ] tiny
    )

[<Fact>]
let ``a named preset is written out when a part of its model is set`` () =
    let expected = { (RunSpec.model small |> Option.get) with HiddenDim = 32 }
    let changed = set [ "synthetic_model.hidden_dim", "32" ] named
    Assert.Equal(synthetic (ModelSource.Spec expected), changed.Data)

[<Fact>]
let ``a named preset keeps its name when nothing of its model is set`` () =
    Assert.Equal(named.Data, (set [ "sae.k", "4" ] named).Data)

[<Fact>]
let ``a model and its parts may be set together, in any order`` () =
    let settings = [ "synthetic_model.hidden_dim", "32"; "synthetic_model", "small" ]
    let expected = { (RunSpec.model small |> Option.get) with HiddenDim = 32 }
    Assert.Equal(synthetic (ModelSource.Spec expected), (set settings tiny).Data)
    Assert.Equal(synthetic (ModelSource.Spec expected), (set (List.rev settings) tiny).Data)

[<Fact>]
let ``parts of a model in a folder cannot be set`` () =
    let folder =
        { tiny with
            Data = synthetic (ModelSource.Named "./folder") }

    let error = Assert.Single(errors [ "synthetic_model.seed", "3" ] folder)

    Assert.Equal(
        "synthetic_model: is not a preset, so its fields cannot be set (got ./folder)",
        error
    )

// ---- several SAEs ------------------------------------------------------------------------------

let private several =
    { tiny with
        Saes = [ tiny.Sae; { SaeSpec.topK 8 2 with Seed = Some 1L } ] }

let private ks (run: RunSpec) =
    run.Saes |> List.map (fun sae -> sae.Architecture.K.Value)

[<Fact>]
let ``a field of one SAE among several is set by its number, in either spelling`` () =
    Assert.Equal<float list>([ 3.0; 5.0 ], ks (set [ "saes[1].k", "5" ] several))
    Assert.Equal<float list>([ 4.0; 2.0 ], ks (set [ "saes.0.k", "4" ] several))
    Assert.Equal(set [ "sae.k", "4" ] tiny, set [ "saes[0].k", "4" ] tiny)

[<Fact>]
let ``a field of sae is set in every SAE`` () =
    let changed = set [ "sae.k", "4"; "saes[1].k", "1" ] several
    Assert.Equal<float list>([ 4.0; 1.0 ], ks changed)

[<Fact>]
let ``another architecture of one SAE drops the fields that only the old one has`` () =
    let changed = set [ "saes[0].architecture", "topk" ] several
    let expected = SaeArchitecture.TopK(3, SaeSpec.topKFamily)
    Assert.Equal(expected, changed.Saes[0].Architecture)
    Assert.Equal(several.Saes[1], changed.Saes[1])

[<Fact>]
let ``what is wrong with one SAE of several is told with its number`` () =
    let expected = "saes[1].dsae: is not a known field; did you mean \"d_sae\"? (got 3)"
    Assert.Equal<string list>([ expected ], errors [ "saes[1].dsae", "3" ] several)

    for run, path in [ several, "saes[2].k"; several, "saes[-1].k"; tiny, "saes[1].k" ] do
        let error = Assert.Single(errors [ path, "3" ] run)
        Assert.EndsWith(": names no entry of the list", error)

[<Fact>]
let ``a whole SAE takes the place of several, and a list that of one`` () =
    let one = SaeSpec.toJson tiny.Sae
    Assert.Equal<SaeSpec list>([ tiny.Sae ], (set [ "sae", one ] several).Saes)
    let two = $"[{one}, {one}]"
    let changed = set [ "saes", two; "saes[1].k", "1" ] tiny
    Assert.Equal<float list>([ 3.0; 1.0 ], ks changed)

let private sweep axes run =
    match RunSpec.sweep axes run with
    | Ok changed -> changed
    | Error errors -> failwith $"{errors}"

[<Fact>]
let ``a sweep has every combination, the last axis varying fastest`` () =
    let changed = sweep [ "sae.d_sae", "8,16"; "sae.k", "1,2,3" ] tiny

    let expected =
        [ for width in [ 8; 16 ] do
              for k in [ 1.0; 2.0; 3.0 ] -> width, k ]

    Assert.Equal<(int * float) list>(
        expected,
        changed.Saes |> List.map (fun sae -> sae.DSae, sae.Architecture.K.Value)
    )

    Assert.Equal({ tiny with Saes = changed.Saes }, changed)

[<Fact>]
let ``a sweep goes over names, and over each SAE of several`` () =
    let changed = sweep [ "sae.architecture", "topk,batchtopk"; "sae.seed", "3" ] several
    Assert.Equal(4, changed.Saes.Length)
    Assert.All(changed.Saes, (fun sae -> Assert.Equal(Some 3L, sae.Seed)))
    let names = changed.Saes |> List.map (fun sae -> sae.Architecture.IsTopK)
    Assert.Equal<bool list>([ true; false; true; false ], names)

[<Fact>]
let ``a sweep that cannot be is told with all that is wrong`` () =
    let errors axes =
        match RunSpec.sweep axes tiny with
        | Error errors -> errors |> List.map string
        | Ok run -> failwith $"{run}"

    let expected =
        [ "lr: cannot vary: only fields of the SAE can, as in sae.k"
          "sae.dsae: is not a known field; did you mean \"d_sae\"? (got 3)" ]

    Assert.Equal<string list>([ expected[0] ], errors [ "lr", "1e-3,1e-4" ])
    Assert.Equal<string list>([ expected[1] ], errors [ "sae.dsae", "3" ])

[<Fact>]
let ``the run of one SAE among several is the run with that one`` () =
    let valid run =
        match RunSpec.validate run with
        | Ok valid -> valid
        | Error errors -> failwith $"{errors}"

    for i in 0..1 do
        let alone = { several with Saes = [ several.Saes[i] ] }
        Assert.Equal(alone, (RunSpec.single i (valid several)).Value)
