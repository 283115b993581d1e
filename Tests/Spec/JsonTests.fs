module SynthSae.Tests.Spec.JsonTests

open Xunit
open SynthSae.Spec

let private errors read text =
    match read text with
    | Error(errors: SpecError list) -> errors |> List.map string
    | Ok value -> failwith $"{text} was read as {value}"

let private modelErrors text = errors SyntheticModelSpec.ofJson text

let private withField field =
    $"""{{"num_features": 4, "hidden_dim": 2, {field}}}"""

let private read field =
    match SyntheticModelSpec.ofJson (withField field) with
    | Ok model -> model
    | Error errors -> failwith $"{errors}"

[<Theory>]
[<InlineData("\"hiden_dim\": 3",
             "hiden_dim: is not a known field; did you mean \"hidden_dim\"? (got 3)")>]
[<InlineData("\"Seed\": 3", "Seed: is not a known field; did you mean \"seed\"? (got 3)")>]
[<InlineData("\"hierarchy\": {\"max_dpeth\": 3}",
             "hierarchy.max_dpeth: is not a known field; did you mean \"max_depth\"? (got 3)")>]
[<InlineData("\"hierarchy\": {\"roots\": [{\"feature_indx\": 3}]}",
             "hierarchy.roots[0].feature_indx: is not a known field; did you mean \"feature_index\"? (got 3)")>]
[<InlineData("\"firing_probability\": {\"generator_name\": \"linear\", \"exponent\": 2}",
             "firing_probability.exponent: is not a known field; the nearest is \"max_prob\", the known ones are max_prob, min_prob, generator_name (got 2)")>]
[<InlineData("\"firing_probability\": {\"generator_name\": \"zipf\"}",
             "firing_probability.generator_name: must be one of \"zipfian\", \"linear\", \"random\", \"constant\", \"explicit\"; did you mean \"zipfian\"? (got \"zipf\")")>]
[<InlineData("\"firing_probability\": {\"exponent\": 2}",
             "firing_probability.generator_name: is required")>]
[<InlineData("\"mean_firing_magnitudes\": {\"generator_name\": \"linear\", \"end\": 2}",
             "mean_firing_magnitudes.start: is required")>]
[<InlineData("\"bias\": \"big\"", "bias: must be a number (got \"big\")")>]
[<InlineData("\"bias\": null", "bias: must be a number (got null)")>]
[<InlineData("\"seed\": 1.5", "seed: must be an integer (got 1.5)")>]
[<InlineData("\"seed\": 9223372036854775808", "seed: must be an integer (got 9223372036854775808)")>]
[<InlineData("\"hierarchy\": []", "hierarchy: must be an object (got [])")>]
[<InlineData("\"hierarchy\": {\"total_root_nodes\": 3000000000}",
             "hierarchy.total_root_nodes: must fit into 32 bits (got 3000000000)")>]
[<InlineData("\"hierarchy\": {\"branching_factor\": [2]}",
             "hierarchy.branching_factor: must be one integer, or two: [min, max] (got [2])")>]
[<InlineData("\"hierarchy\": {\"compensate_probabilities\": 1}",
             "hierarchy.compensate_probabilities: must be true or false (got 1)")>]
[<InlineData("\"hierarchy\": {\"roots\": [{\"id\": 3}]}",
             "hierarchy.roots[0].id: must be a string (got 3)")>]
[<InlineData("\"dtype\": \"float16\"",
             "dtype: only \"float32\" is supported: everything is computed in float32 (got \"float16\")")>]
[<InlineData("\"dictionary\": \"orthogonal\"",
             "dictionary: must be one of \"random_unit\", \"mutually_orthogonal\"; did you mean \"mutually_orthogonal\"? (got \"orthogonal\")")>]
[<InlineData("\"seed\": 1, \"seed\": 1", "seed: is given 2 times")>]
let ``a wrong field is one error with its path`` field (error: string) =
    Assert.Equal<string list>([ error ], modelErrors (withField field))

[<Fact>]
let ``a node with both names of its id has one too many`` () =
    let field = "\"hierarchy\": {\"roots\": [{\"id\": \"a\", \"feature_id\": \"b\"}]}"
    let error = Assert.Single(modelErrors (withField field))
    Assert.StartsWith("hierarchy.roots[0].id: is not a known field", error)

[<Fact>]
let ``all wrong fields come at once`` () =
    let text =
        """{"hidden_dim": "x", "bias": [], "sead": 1,
            "hierarchy": {"max_depth": 1.5, "branching_factor": ["a", 2, "b"]}}"""

    let expected =
        [ "sead: is not a known field; did you mean \"seed\"? (got 1)"
          "num_features: is required"
          "hidden_dim: must be an integer (got \"x\")"
          "hierarchy.branching_factor[0]: must be an integer (got \"a\")"
          "hierarchy.branching_factor[2]: must be an integer (got \"b\")"
          "hierarchy.max_depth: must be an integer (got 1.5)"
          "bias: must be a number (got [])" ]

    Assert.Equal<string list>(expected, modelErrors text)

[<Theory>]
[<InlineData("", "line 1, column 1")>]
[<InlineData("{\n  \"bias\": NaN}", "line 2, column 11")>]
[<InlineData("{\"bias\": 1,}", "line 1, column 12")>]
[<InlineData("{} {}", "line 1, column 4")>]
let ``text that is not JSON is refused with its place`` text (place: string) =
    let error = Assert.Single(modelErrors text)
    Assert.StartsWith(place + ": not JSON: ", error)

[<Fact>]
let ``half a surrogate pair is refused`` () =
    let text = withField "\"hierarchy\": {\"roots\": [{\"id\": \"\\ud800\"}]}"
    Assert.StartsWith("not JSON: ", Assert.Single(modelErrors text))

[<Fact>]
let ``a file that starts with a byte order mark is read`` () =
    Assert.True(Result.isOk (SyntheticModelSpec.ofJson ("\uFEFF" + withField "\"seed\": 1")))

[<Fact>]
let ``a long value is cut short in its error`` () =
    let long = String.replicate 1000 "x"
    let error = Assert.Single(modelErrors (withField $"\"bias\": \"{long}\""))
    Assert.True(error.Length < 100, error)

[<Theory>]
[<InlineData(1.0, "1.0")>]
[<InlineData(-0.0, "-0.0")>]
[<InlineData(0.1, "0.1")>]
[<InlineData(0.0001, "0.0001")>]
[<InlineData(0.00001, "1e-05")>]
[<InlineData(5e-324, "5e-324")>]
[<InlineData(123456789012345.6, "123456789012345.6")>]
[<InlineData(1e15, "1000000000000000.0")>]
[<InlineData(1234567890123456.8, "1234567890123456.8")>]
[<InlineData(-1e16, "-1e+16")>]
[<InlineData(13761939738567420.0, "1.376193973856742e+16")>]
[<InlineData(12345678901234567890.0, "1.2345678901234567e+19")>]
[<InlineData(1.7976931348623157e308, "1.7976931348623157e+308")>]
let ``a number is written as Python writes it`` value (text: string) =
    let json = SyntheticModelSpec.toJson { SyntheticModelSpec.create 1 1 with Bias = value }
    Assert.Contains($"\"bias\": {text},", json)

// ---- other ways to write the same ---------------------------------------------------------------

[<Fact>]
let ``the bias may be true or false`` () =
    Assert.Equal(1.0, (read "\"bias\": true").Bias)
    Assert.Equal(0.0, (read "\"bias\": false").Bias)

[<Fact>]
let ``magnitudes may be a bare number, a bare list or a constant`` () =
    let mean text =
        (read $"\"mean_firing_magnitudes\": {text}").MeanFiringMagnitudes

    Assert.Equal(Magnitude.Constant 2.0, mean "2")
    Assert.Equal(Magnitude.Explicit [| 1.0; 2.5 |], mean "[1, 2.5]")
    Assert.Equal(Magnitude.Constant 3.0, mean "{\"generator_name\": \"constant\", \"value\": 3}")

[<Fact>]
let ``probabilities may be a bare list`` () =
    let expected = FiringProbability.Explicit [| 0.5; 0.25 |]
    Assert.Equal(expected, (read "\"firing_probability\": [0.5, 0.25]").FiringProbability)

[<Fact>]
let ``the seed of a low-rank correlation is read and has no effect, as in the reference`` () =
    let correlation =
        (read "\"correlation\": {\"rank\": 3, \"correlation_scale\": 0.2, \"seed\": 9}").Correlation

    Assert.Equal(Correlation.LowRank(3, 0.2), correlation)

[<Fact>]
let ``a node's id may be called id or feature_id`` () =
    let ids key =
        match Hierarchy.ofJson $"""{{"roots": [{{"{key}": "a"}}]}}""" with
        | Ok roots -> roots |> List.map _.Id
        | Error errors -> failwith $"{errors}"

    Assert.Equal<string option list>([ Some "a" ], ids "id")
    Assert.Equal<string option list>([ Some "a" ], ids "feature_id")

[<Fact>]
let ``left out fields take the reference's defaults`` () =
    Assert.Equal(
        Ok(SyntheticModelSpec.create 4 2),
        SyntheticModelSpec.ofJson (withField "\"bias\": 1")
    )

    let hierarchy: GeneratedHierarchy =
        { TotalRootNodes = 100
          BranchingFactor = BranchingFactor.Fixed 100
          MaxDepth = 2
          MutuallyExclusivePortion = 0.0
          MutuallyExclusiveMinDepth = 0
          MutuallyExclusiveMaxDepth = None
          CompensateProbabilities = false
          ScaleChildrenByParent = false }

    Assert.Equal(Some(Hierarchy.Generated hierarchy), (read "\"hierarchy\": {}").Hierarchy)
    Assert.Equal(Correlation.LowRank(32, 0.1), (read "\"correlation\": {}").Correlation)

    Assert.Equal(
        Some { NumSteps = 200; Lr = 0.01; ChunkSize = 1024 },
        (read "\"orthogonalization\": {}").Orthogonalization
    )

    let run: RunSpec =
        { Data = DataSource.Synthetic(ModelSource.Named "small")
          Saes = [ SaeSpec.batchTopK 64 100.0 ]
          Training = TrainingSpec.standard
          Evaluation = EvaluationSpec.standard }

    let text =
        """{"synthetic_model": "small", "sae": {"architecture": "batchtopk", "d_sae": 64}}"""

    Assert.Equal(Ok run, RunSpec.ofJson text)

[<Fact>]
let ``a tree may be thirty levels deep`` () =
    let rec chain depth : HierarchyNode =
        { Feature = Some depth
          Children = Free(if depth = 0 then [] else [ chain (depth - 1) ])
          ScaleChildrenByParent = false
          Id = None }

    let roots = [ chain 100 ]
    Assert.Equal(Ok roots, Hierarchy.ofJson (Hierarchy.toJson roots))

// ---- fields of the reference that mean nothing here ---------------------------------------------

let private runText field =
    $"""{{"synthetic_model": "small", "sae": {{"architecture": "topk", "d_sae": 64}}, {field}}}"""

[<Theory>]
[<InlineData "\"autocast_sae\": false, \"autocast_data\": false, \"device\": \"cpu\"">]
[<InlineData "\"n_checkpoints\": 0, \"checkpoint_path\": \"c\", \"save_final_checkpoint\": false">]
[<InlineData "\"output_path\": \"o\", \"save_synthetic_model\": false, \"logger\": {\"log_to_wandb\": true}">]
[<InlineData "\"feature_sampling_window\": 2000, \"n_batches_for_norm_estimate\": 1000">]
[<InlineData "\"sae_lens_version\": \"6.38.0\", \"override_sae\": null">]
let ``a field of the reference at the value that changes nothing is read`` field =
    Assert.True(Result.isOk (RunSpec.ofJson (runText field)), $"{RunSpec.ofJson (runText field)}")

[<Theory>]
[<InlineData("\"autocast_sae\": true",
             "autocast_sae: only false is supported: its place is taken by \"precision\": \"bf16\" (got true)")>]
[<InlineData("\"autocast_data\": true",
             "autocast_data: only false is supported: data are computed in float32 (got true)")>]
[<InlineData("\"device\": \"cuda\"",
             "device: only \"cpu\" is supported: the device is chosen when a run starts (got \"cuda\")")>]
[<InlineData("\"n_restart_cycles\": 2",
             "n_restart_cycles: must be 1: the scheduler \"constant\" has no restarts (got 2)")>]
[<InlineData("\"lr_scheduler_name\": \"cosine\"",
             "lr_scheduler_name: must be one of \"constant\", \"cosineannealing\", \"cosineannealingwarmrestarts\"; did you mean \"cosineannealing\"? (got \"cosine\")")>]
let ``a field of the reference that asks for something else is refused`` field (error: string) =
    Assert.Equal<string list>([ error ], errors RunSpec.ofJson (runText field))

[<Fact>]
let ``an architecture that is not there is one error, not one for each of its fields`` () =
    let text = """{"d_sae": 8, "jumprelu_bandwidth": 0.1, "architecture": "transcoder"}"""

    let known =
        "\"standard\", \"topk\", \"abstopk\", \"batchtopk\", \"matryoshka_batchtopk\", \"jumprelu\", \"gated\", \"matching_pursuit\""

    let expected = $"architecture: must be one of {known} (got \"transcoder\")"
    Assert.Equal<string list>([ expected ], errors SaeSpec.ofJson text)

[<Fact>]
let ``AuxK is refused where each sample is scaled by itself, as in the reference`` () =
    let spec normalization coefficient =
        { SaeSpec.batchTopK 8 2.0 with
            Normalization = normalization
            Architecture =
                SaeArchitecture.BatchTopK(
                    2.0,
                    0.01,
                    { SaeSpec.topKFamily with AuxK = SaeSpec.auxK coefficient }
                ) }
        |> SaeSpec.validate

    let refused normalization coefficient =
        Result.isError (spec normalization coefficient)

    for normalization in [ ActivationNormalization.LayerNorm; ActivationNormalization.ConstantNorm ] do
        Assert.True(refused normalization 1.0)
        Assert.False(refused normalization 0.0)

    Assert.False(refused ActivationNormalization.ExpectedAverage 1.0)

[<Fact>]
let ``a part of a field's name is taken for the field`` () =
    let error =
        Assert.Single(
            errors SaeSpec.ofJson """{"d_sae": 8, "architecture": "batchtopk", "threshold": 1}"""
        )

    Assert.Equal(
        "threshold: is not a known field; did you mean \"topk_threshold_lr\"? (got 1)",
        error
    )

[<Fact>]
let ``the example in the guide is a valid run`` () =
    let guide =
        System.IO.File.ReadAllText(
            System.IO.Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "docs", "specs.md")
        )

    let fenced = guide.Split("```")
    let example = fenced[1].Substring("json".Length)
    Assert.True(RunSpec.ofJson example |> Result.bind RunSpec.validate |> Result.isOk)

[<Fact>]
let ``a run has one of sae and saes`` () =
    let errors fields =
        match RunSpec.ofJson $"""{{"synthetic_model": "small"{fields}}}""" with
        | Error errors -> errors |> List.map string
        | Ok run -> failwith $"{run}"

    let sae = """{"architecture": "topk", "d_sae": 8, "k": 2}"""
    Assert.Equal<string list>([ "sae: is required, or saes" ], errors "")

    Assert.Equal<string list>(
        [ "saes: cannot be given beside sae" ],
        errors $""", "sae": {sae}, "saes": [{sae}]"""
    )

    Assert.Equal<string list>(
        [ "saes[1].d_sae: is required" ],
        errors $""", "saes": [{sae}, {{"architecture": "topk", "k": 2}}]"""
    )
