module SynthSae.Tests.Spec.RulesTests

open Xunit
open SynthSae.Spec

// tiny: N = 32, D = 16, L = 16, k = 3, B = 1024, 50 steps; a generated hierarchy that scales.
let private tiny = (Presets.tryFind "tiny" |> Option.get).Run

let private errorsOf settings =
    match RunSpec.set settings tiny |> Result.map RunSpec.validate with
    | Ok(Error errors) -> errors
    | other -> failwith $"{settings}: {other}"

let private theOne (path: string) (rule: string) (errors: SpecError list) =
    Assert.Equal<(string * string) list>(
        [ path, rule ],
        errors |> List.map (fun e -> e.Path, e.Rule)
    )

/// A setting that breaks one rule of its own field.
[<Theory>]
[<InlineData("synthetic_model.num_features", "0", "must be at least 1")>]
[<InlineData("synthetic_model.hidden_dim", "0", "must be at least 1")>]
[<InlineData("synthetic_model.bias", "-0.5", "must be at least 0")>]
[<InlineData("synthetic_model.bias", "1e39", "must be a finite float32")>]
[<InlineData("synthetic_model.bias", "1e999", "must be a finite float32")>]
[<InlineData("synthetic_model.firing_probability.exponent", "0", "must be greater than 0")>]
[<InlineData("synthetic_model.firing_probability.max_prob", "1.5", "must be in (0, 1]")>]
[<InlineData("synthetic_model.firing_probability.min_prob", "0", "must be greater than 0")>]
[<InlineData("synthetic_model.firing_probability.min_prob", "0.4", "must be less than max_prob 0.4")>]
[<InlineData("synthetic_model.hierarchy.total_root_nodes", "0", "must be at least 1")>]
[<InlineData("synthetic_model.hierarchy.branching_factor", "1", "must be at least 2")>]
[<InlineData("synthetic_model.hierarchy.branching_factor", "0", "must be at least 2")>]
[<InlineData("synthetic_model.hierarchy.branching_factor", "[1, 3]", "must start at 2 or more")>]
[<InlineData("synthetic_model.hierarchy.branching_factor",
             "[4, 3]",
             "must be [min, max] with min at most max")>]
[<InlineData("synthetic_model.hierarchy.max_depth", "0", "must be at least 1")>]
[<InlineData("synthetic_model.hierarchy.mutually_exclusive_portion", "1.1", "must be in [0, 1]")>]
[<InlineData("synthetic_model.hierarchy.mutually_exclusive_min_depth", "-1", "must be at least 0")>]
[<InlineData("synthetic_model.hierarchy.mutually_exclusive_max_depth",
             "-1",
             "must be at least mutually_exclusive_min_depth 0")>]
[<InlineData("synthetic_model.orthogonalization.num_steps", "0", "must be at least 1")>]
[<InlineData("synthetic_model.orthogonalization.lr", "0", "must be greater than 0")>]
[<InlineData("synthetic_model.orthogonalization.chunk_size", "0", "must be at least 1")>]
[<InlineData("synthetic_model.correlation.rank", "0", "must be at least 1")>]
[<InlineData("synthetic_model.correlation.correlation_scale", "-0.1", "must be at least 0")>]
[<InlineData("synthetic_model.std_firing_magnitudes", "-1", "must be at least 0")>]
[<InlineData("synthetic_model.std_firing_magnitudes.std", "0", "must be greater than 0")>]
[<InlineData("synthetic_model.std_firing_magnitudes.min_value", "-1", "must be at least 0")>]
[<InlineData("synthetic_model.std_firing_magnitudes.max_value", "0", "must be greater than 0")>]
[<InlineData("synthetic_model.mean_firing_magnitudes.start", "0", "must be greater than 0")>]
[<InlineData("synthetic_model.mean_firing_magnitudes.end", "-1", "must be greater than 0")>]
[<InlineData("synthetic_model.mean_firing_magnitudes",
             "0",
             "must be above 0 for a feature that scales its children")>]
[<InlineData("synthetic_model.dictionary",
             "mutually_orthogonal",
             "needs num_features at most hidden_dim 16")>]
[<InlineData("sae.d_in", "17", "must be hidden_dim 16")>]
[<InlineData("sae.k", "0", "must be above 0 and at most d_sae 16")>]
[<InlineData("sae.k", "16.5", "must be above 0 and at most d_sae 16")>]
[<InlineData("sae.k", "0.0009", "times batch_size 1024 must be at least 1")>]
[<InlineData("sae.decoder_init_norm", "0", "must be greater than 0")>]
[<InlineData("sae.aux_loss_coefficient", "-1", "must be at least 0")>]
[<InlineData("sae.topk_threshold_lr", "1.5", "must be in [0, 1]")>]
[<InlineData("training_samples", "0", "must be at least 1")>]
[<InlineData("training_samples", "9e15", "must make at most 2147483646 batches")>]
[<InlineData("batch_size", "0", "must be at least 1")>]
[<InlineData("lr", "0", "must be greater than 0")>]
[<InlineData("lr_warm_up_steps", "-1", "must be at least 0")>]
[<InlineData("lr_decay_steps", "-1", "must be at least 0")>]
[<InlineData("lr_decay_steps", "51", "plus lr_warm_up_steps must be at most the 50 steps of the run")>]
[<InlineData("lr_end", "-1", "must be at least 0")>]
[<InlineData("adam_beta1", "1", "must be in [0, 1)")>]
[<InlineData("adam_beta2", "-0.1", "must be in [0, 1)")>]
[<InlineData("dead_feature_window", "-1", "must be at least 0")>]
[<InlineData("eval_frequency", "-1", "must be at least 0")>]
[<InlineData("eval_samples", "0", "must be at least 1")>]
[<InlineData("eval_intermediate_samples", "0", "must be at least 1")>]
[<InlineData("eval_pruning", "1e39", "must be a finite float32")>]
let ``a number out of its range breaks one rule`` path value rule =
    errorsOf [ path, value ] |> theOne path rule

/// A value of several fields that breaks one rule, deeper in it.
[<Theory>]
[<InlineData("firing_probability",
             """{"generator_name":"linear","max_prob":0.3,"min_prob":0.4}""",
             ".min_prob",
             "must be at most max_prob 0.3")>]
[<InlineData("firing_probability",
             """{"generator_name":"random","max_prob":0.3,"min_prob":0.3}""",
             ".min_prob",
             "must be less than max_prob 0.3")>]
[<InlineData("firing_probability",
             """{"generator_name":"constant","probability":1.5}""",
             ".probability",
             "must be in [0, 1]")>]
[<InlineData("firing_probability", "[0.5, 1]", ".probabilities", "must have 32 entries")>]
[<InlineData("std_firing_magnitudes", "[0.5, 1]", ".values", "must have 32 entries")>]
[<InlineData("std_firing_magnitudes",
             """{"generator_name":"exponential","start":1,"end":0}""",
             ".end",
             "must be greater than 0")>]
[<InlineData("std_firing_magnitudes",
             """{"generator_name":"folded_normal","min_value":2,"max_value":1}""",
             ".min_value",
             "must be at most max_value")>]
[<InlineData("correlation",
             """{"generator_name":"random_matrix","positive_ratio":1.1}""",
             ".positive_ratio",
             "must be in [0, 1]")>]
[<InlineData("correlation",
             """{"generator_name":"random_matrix","uncorrelated_ratio":-0.1}""",
             ".uncorrelated_ratio",
             "must be in [0, 1]")>]
[<InlineData("correlation",
             """{"generator_name":"random_matrix","max_correlation_strength":1.1}""",
             ".max_correlation_strength",
             "must be in [0, 1]")>]
[<InlineData("correlation",
             """{"generator_name":"random_matrix","min_correlation_strength":0.9}""",
             ".min_correlation_strength",
             "must be at most max_correlation_strength")>]
[<InlineData("correlation",
             """{"generator_name":"matrix","matrix":[]}""",
             ".matrix",
             "must have 32 rows")>]
[<InlineData("hierarchy",
             """{"roots":[{"feature_index":32}]}""",
             ".roots[0].feature_index",
             "must be in [0, 31]")>]
[<InlineData("hierarchy",
             """{"roots":[{"feature_index":-1}]}""",
             ".roots[0].feature_index",
             "must be in [0, 31]")>]
[<InlineData("hierarchy",
             """{"roots":[{"feature_index":3,"children":[{"feature_index":4},{"feature_index":3}]}]}""",
             ".roots[0].children[1].feature_index",
             "is the feature of roots[0] already")>]
[<InlineData("hierarchy",
             """{"roots":[{"mutually_exclusive_children":true,"children":[{"feature_index":4}]}]}""",
             ".roots[0].children",
             "must be at least 2 to be mutually exclusive")>]
[<InlineData("dictionary", """{"vectors":[]}""", ".vectors", "must have 32 entries")>]
let ``a wrong part of a model is named by its path`` (field: string) value (part: string) rule =
    let path = "synthetic_model." + field
    errorsOf [ path, value ] |> theOne (path + part) rule

[<Fact>]
let ``a TopK SAE needs k between 1 and its width`` () =
    let topK k =
        errorsOf [ "sae.architecture", "topk"; "sae.k", k ]

    topK "0" |> theOne "sae.k" "must be in [1, d_sae 16]"
    topK "17" |> theOne "sae.k" "must be in [1, d_sae 16]"

[<Fact>]
let ``an SAE of no width has no k either`` () =
    let paths = errorsOf [ "sae.d_sae", "0" ] |> List.map _.Path
    Assert.Equal<string list>([ "sae.d_sae"; "sae.k" ], paths)

[<Fact>]
let ``a decay to lr_end 0 is refused, and 0 without a decay is not`` () =
    errorsOf [ "lr_end", "0"; "lr_decay_steps", "5" ]
    |> theOne "lr_end" "must be above 0 when there are lr_decay_steps"

    Assert.True(RunSpec.set [ "lr_end", "0" ] tiny |> Result.bind RunSpec.validate |> Result.isOk)

[<Fact>]
let ``warm-up and decay may fill the run but not exceed it`` () =
    let set warmUp decay =
        RunSpec.set [ "lr_warm_up_steps", warmUp; "lr_decay_steps", decay ] tiny
        |> Result.bind RunSpec.validate

    Assert.True(Result.isOk (set "25" "25"))
    Assert.True(Result.isError (set "26" "25"))

[<Fact>]
let ``there cannot be more restarts than steps`` () =
    let set cycles =
        [ "lr_scheduler_name", "cosineannealingwarmrestarts"; "n_restart_cycles", cycles ]

    errorsOf (set "51") |> theOne "n_restart_cycles" "must be in [1, 50 steps]"
    errorsOf (set "0") |> theOne "n_restart_cycles" "must be in [1, 50 steps]"

[<Fact>]
let ``a run names its model`` () =
    errorsOf [ "synthetic_model", "\"\"" ]
    |> theOne "synthetic_model" "must name a preset or a folder"

[<Fact>]
let ``only a synthetic model has features to begin at`` () =
    let features = "sae.initialization.feature_noise", "0.1"

    errorsOf [ "activations", "acts/"; features ]
    |> theOne "sae.initialization" "from features needs synthetic_model, as activations have none"

    Assert.True(RunSpec.set [ features ] tiny |> Result.bind RunSpec.validate |> Result.isOk)

[<Fact>]
let ``a named preset's dimension is compared with the SAE's`` () =
    errorsOf [ "synthetic_model", "small"; "sae.d_in", "16" ]
    |> theOne "sae.d_in" "must be hidden_dim 64"

// ---- whole models -------------------------------------------------------------------------------

let private model = SyntheticModelSpec.create 3 2

let private broken model =
    match SyntheticModelSpec.validate model with
    | Error errors -> errors |> List.map (fun e -> e.Path, e.Rule)
    | Ok _ -> []

[<Fact>]
let ``NaN and infinities are refused in every number of a model`` () =
    for wrong in [ nan; infinity; -infinity ] do
        let refused path model =
            let found = broken model |> List.contains (path, "must be a finite float32")
            Assert.True(found, $"{path} {wrong}: {broken model}")

        let probability p = { model with FiringProbability = p }
        let mean m = { model with MeanFiringMagnitudes = m }

        let folded a b c d =
            { model with
                StdFiringMagnitudes = Magnitude.FoldedNormal(a, b, c, d) }

        refused "bias" { model with Bias = wrong }

        refused
            "firing_probability.exponent"
            (probability (FiringProbability.Zipfian(wrong, 0.3, 0.1)))

        refused
            "firing_probability.max_prob"
            (probability (FiringProbability.Zipfian(1.0, wrong, 0.1)))

        refused "firing_probability.min_prob" (probability (FiringProbability.Linear(0.3, wrong)))
        refused "firing_probability.probability" (probability (FiringProbability.Constant wrong))

        refused
            "firing_probability.probabilities[1]"
            (probability (FiringProbability.Explicit [| 0.1; wrong; 0.1 |]))

        refused "mean_firing_magnitudes" (mean (Magnitude.Constant wrong))
        refused "mean_firing_magnitudes.start" (mean (Magnitude.Linear(wrong, 1.0)))
        refused "mean_firing_magnitudes.end" (mean (Magnitude.Exponential(1.0, wrong)))
        refused "mean_firing_magnitudes.values[2]" (mean (Magnitude.Explicit [| 1.0; 1.0; wrong |]))
        refused "std_firing_magnitudes.mean" (folded wrong 1.0 None None)
        refused "std_firing_magnitudes.std" (folded 1.0 wrong None None)
        refused "std_firing_magnitudes.min_value" (folded 1.0 1.0 (Some wrong) None)
        refused "std_firing_magnitudes.max_value" (folded 1.0 1.0 None (Some wrong))

        refused
            "correlation.correlation_scale"
            { model with Correlation = Correlation.LowRank(1, wrong) }

        refused
            "orthogonalization.lr"
            { model with
                Orthogonalization = Some { NumSteps = 1; Lr = wrong; ChunkSize = 1 } }

        refused
            "dictionary.vectors[0][1]"
            { model with
                Dictionary = Dictionary.Given(Array.init 3 (fun _ -> [| 1f; float32 wrong |])) }

[<Fact>]
let ``a given correlation matrix is square, symmetric and has a unit diagonal`` () =
    let matrix change =
        let rows = Array.init 3 (fun i -> Array.init 3 (fun j -> if i = j then 1.0 else 0.2))
        change rows
        broken { model with Correlation = Correlation.Matrix rows }

    Assert.Empty(matrix ignore)

    Assert.Equal<(string * string) list>(
        [ "correlation.matrix[1][1]", "must be 1, being on the diagonal" ],
        matrix (fun rows -> rows[1][1] <- 0.9)
    )

    Assert.Equal<(string * string) list>(
        [ "correlation.matrix[0][2]", "must equal matrix[2][0]" ],
        matrix (fun rows -> rows[0][2] <- 0.3)
    )

    Assert.Equal<(string * string) list>(
        [ "correlation.matrix[0][2]", "must be in [-1, 1]"
          "correlation.matrix[2][0]", "must be in [-1, 1]" ],
        matrix (fun rows ->
            rows[0][2] <- -1.5
            rows[2][0] <- -1.5)
    )

    Assert.Equal<(string * string) list>(
        [ "correlation.matrix[2]", "must have 3 entries" ],
        matrix (fun rows -> rows[2] <- [| 0.2; 0.2 |])
    )

[<Fact>]
let ``a NaN in a given correlation matrix is refused`` () =
    let rows = [| [| 1.0; nan; 0.0 |]; [| nan; 1.0; 0.0 |]; [| 0.0; 0.0; nan |] |]
    let paths = broken { model with Correlation = Correlation.Matrix rows } |> List.map fst
    let expected = [ "[0][1]"; "[1][0]"; "[2][2]" ] |> List.map ((+) "correlation.matrix")
    Assert.Equal<string list>(expected, paths)

[<Fact>]
let ``given directions have the model's dimension and are not zero`` () =
    let given rows =
        broken { model with Dictionary = Dictionary.Given rows }

    Assert.Empty(given [| [| 1f; 0f |]; [| 0f; 2f |]; [| -1f; 1f |] |])

    Assert.Equal<(string * string) list>(
        [ "dictionary.vectors[0]", "must have 2 entries"
          "dictionary.vectors[2]", "must not be all 0, having no direction" ],
        given [| [| 1f |]; [| 0f; 2f |]; [| 0f; 0f |] |]
    )

[<Fact>]
let ``orthogonal directions may fill the space`` () =
    Assert.Empty(
        broken
            { model with
                HiddenDim = 3
                Dictionary = Dictionary.MutuallyOrthogonal }
    )

[<Fact>]
let ``exactly the features that scale their children need a mean above 0`` () =
    // tiny's parents are its 4 roots and their 8 children: features 0 to 11.
    let withZeroAt feature =
        let means = Array.init 32 (fun i -> if i = feature then 0.0 else 1.0)
        let tinyModel = RunSpec.model tiny |> Option.get

        broken
            { tinyModel with
                MeanFiringMagnitudes = Magnitude.Explicit means }
        |> List.map fst

    Assert.Equal<string list>([ "mean_firing_magnitudes.values[11]" ], withZeroAt 11)
    Assert.Empty(withZeroAt 12)

[<Fact>]
let ``an organising node's children are scaled by the feature above it`` () =
    let node feature scales children : HierarchyNode =
        { Feature = feature
          Children = Free children
          ScaleChildrenByParent = scales
          Id = None }

    let organiser scales =
        node None scales [ node (Some 1) false [] ]

    let errors scales =
        broken
            { model with
                Hierarchy =
                    Some(Hierarchy.Explicit([ node (Some 0) false [ organiser scales ] ], false))
                MeanFiringMagnitudes = Magnitude.Explicit [| 0.0; 1.0; 1.0 |] }
        |> List.map fst

    Assert.Equal<string list>([ "mean_firing_magnitudes.values[0]" ], errors true)
    Assert.Empty(errors false)

[<Fact>]
let ``all broken rules come at once, in the order of the fields`` () =
    let errors =
        errorsOf
            [ "eval_samples", "0"
              "lr", "-1"
              "sae.k", "99"
              "synthetic_model.bias", "-1"
              "synthetic_model.hierarchy.max_depth", "0"
              "synthetic_model.num_features", "0" ]

    let expected =
        [ "synthetic_model.num_features: must be at least 1 (got 0)"
          "synthetic_model.hierarchy.max_depth: must be at least 1 (got 0)"
          "synthetic_model.bias: must be at least 0 (got -1)"
          "sae.k: must be above 0 and at most d_sae 16 (got 99)"
          "lr: must be greater than 0 (got -1)"
          "eval_samples: must be at least 1 (got 0)" ]

    Assert.Equal<string list>(expected, errors |> List.map string)

// ---- several SAEs ------------------------------------------------------------------------------

let private severalErrors saes (run: RunSpec) =
    match RunSpec.validate { run with Saes = saes } with
    | Error errors -> errors |> List.map string
    | Ok _ -> []

[<Fact>]
let ``what is wrong with several SAEs is told at once, each with its number`` () =
    let wrong = { SaeSpec.topK 8 9 with DIn = Some 7 }
    let tiny = (Presets.tryFind "tiny" |> Option.get).Run

    Assert.Equal<string list>(
        [ "saes[0].d_in: must be hidden_dim 16 (got 7)"
          "saes[0].k: must be in [1, d_sae 8] (got 9)"
          "saes[2].d_sae: must be at least 1 (got 0)"
          "saes[2].k: must be above 0 and at most d_sae 0 (got 1)" ],
        severalErrors [ wrong; tiny.Sae; SaeSpec.batchTopK 0 1.0 ] tiny
    )

[<Fact>]
let ``a run needs an SAE`` () =
    let tiny = (Presets.tryFind "tiny" |> Option.get).Run

    Assert.Equal<string list>(
        [ "saes: must hold at least one SAE (got [])" ],
        severalErrors [] tiny
    )

[<Fact>]
let ``SAEs of one run have one dimension, also where the model is not known yet`` () =
    let tiny = (Presets.tryFind "tiny" |> Option.get).Run
    let elsewhere = DataSource.Synthetic(ModelSource.Named "./folder")
    let dims = [ Some 16; None; Some 17 ]
    let saes = dims |> List.map (fun dIn -> { tiny.Sae with DIn = dIn })

    Assert.Equal<string list>(
        [ "saes: must have the same d_in (got 16, 17)" ],
        severalErrors saes { tiny with Data = elsewhere }
    )

    Assert.Empty(severalErrors (List.take 2 saes) { tiny with Data = elsewhere })

[<Fact>]
let ``what has no encoder has no precision to choose`` () =
    let pursuit = [ "sae.architecture", "matching_pursuit"; "precision", "bf16" ]

    errorsOf pursuit
    |> theOne "precision" "must be \"fp32\" with matching_pursuit, which has no encoder"

    for name in [ "fp32"; "tf32"; "bf16" ] do
        match RunSpec.set [ "precision", name ] tiny |> Result.map RunSpec.validate with
        | Ok(Ok run) -> Assert.Contains(name, RunSpec.toJson run.Value + "fp32")
        | other -> failwith $"{other}"
