module SynthSae.Tests.ModelFolderTests

open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Spec
open System
open System.IO
open Xunit

let private samples () =
    Safetensors.read (Oracles.path "model_samples.safetensors")

let private close (tolerance: float) (expected: float32[]) (found: float32[]) =
    Assert.Equal(expected.Length, found.Length)

    Array.iter2
        (fun (a: float32) (b: float32) -> Assert.Equal(float a, float b, tolerance))
        expected
        found

let private compile spec =
    match SyntheticModelSpec.validate spec with
    | Ok valid -> WorldCompiler.compile Backend.Reference valid
    | Error errors -> failwith $"{errors}"

/// A specification with everything that the reference's format can hold.
let private full =
    { SyntheticModelSpec.create 40 12 with
        FiringProbability = FiringProbability.Random(0.5, 0.01)
        Hierarchy =
            Some(
                Hierarchy.Generated
                    { TotalRootNodes = 4
                      BranchingFactor = BranchingFactor.Between(2, 3)
                      MaxDepth = 2
                      MutuallyExclusivePortion = 0.5
                      MutuallyExclusiveMinDepth = 0
                      MutuallyExclusiveMaxDepth = Some 1
                      CompensateProbabilities = true
                      ScaleChildrenByParent = true }
            )
        Correlation = Correlation.LowRank(5, 0.2)
        MeanFiringMagnitudes = Magnitude.Exponential(3.0, 1.0)
        StdFiringMagnitudes = Magnitude.FoldedNormal(0.5, 0.25, Some 0.1, Some 0.9)
        Orthogonalization = Some { NumSteps = 3; Lr = 0.01; ChunkSize = 8 }
        Bias = 0.5
        Seed = Some 11L }

// ---- the reference's own folder ----------------------------------------------------------------

[<Fact>]
let ``the reference's model has its magnitudes and thresholds`` () =
    let world = ModelFolder.read (Oracles.path "model")
    use file = samples ()
    close 2e-6 (file.Float32 "mean_firing_magnitudes") world.MeanMagnitude
    close 2e-6 (file.Float32 "std_firing_magnitudes") world.StdMagnitude
    close 2e-5 (file.Float32 "thresholds") world.Threshold
    Assert.Empty world.Warnings

[<Fact>]
let ``its hidden vectors are features times dictionary plus bias`` () =
    let world = ModelFolder.read (Oracles.path "model")
    use file = samples ()
    let features, hidden = file.Matrix "features", file.Matrix "hidden"

    for row in 0 .. hidden.Rows - 1 do
        for col in 0 .. hidden.Cols - 1 do
            let mutable sum = float world.Bias[col]

            for i in 0 .. features.Cols - 1 do
                sum <- sum + float features[row, i] * float world.Dictionary[i, col]

            Assert.Equal(float hidden[row, col], sum, 1e-4)

[<Fact>]
let ``its arrays are those of the file, and its probabilities those that it was saved with`` () =
    let world = ModelFolder.read (Oracles.path "model")
    use file = Safetensors.read (Oracles.path "model/synthetic_model.safetensors")
    Assert.True((file.Matrix "feature_vectors").Span.SequenceEqual world.Dictionary.Span)
    Assert.True((file.Matrix "correlation_factor").Span.SequenceEqual world.Factor.Span)
    Assert.Equal<float32>(file.Float32 "bias", world.Bias)
    Assert.Equal<float32>(file.Float32 "correlation_diag" |> Array.map sqrt, world.ResidualSd)
    close 1e-6 (file.Float32 "firing_probabilities") world.Probability
    Assert.Equal(6, world.Forest.Roots)

[<Fact>]
let ``written again, it is the same folder to the byte but for rounding`` () =
    use folder = new TemporaryFolder()
    let source = Oracles.path "model"
    let world = ModelFolder.read source
    ModelFolder.write folder.Path world

    for name in [ ModelFolder.ConfigFile; ModelFolder.HierarchyFile ] do
        let text path =
            File.ReadAllText(Path.Combine(path, name))

        Assert.Equal(text source, text folder.Path)

    use ours = Safetensors.read (folder.File ModelFolder.WeightsFile)
    use theirs = Safetensors.read (Path.Combine(source, ModelFolder.WeightsFile))
    Assert.Equal<TensorInfo list>(theirs.Tensors, ours.Tensors)

    for info in ours.Tensors do
        close 1e-6 (theirs.Float32 info.Name) (ours.Float32 info.Name)

    SameWorld.arrays world (ModelFolder.read folder.Path)

[<Fact>]
let ``the small model of the training oracles is read`` () =
    let world = ModelFolder.read (Oracles.path "small_model")
    Assert.Equal(256, world.NumFeatures)
    Assert.Equal(64, world.HiddenDim)

// ---- round trips -------------------------------------------------------------------------------

let private comesBack spec =
    use folder = new TemporaryFolder()
    let world = compile spec
    ModelFolder.write folder.Path world
    let found = ModelFolder.read folder.Path
    SameWorld.arrays world found
    found

[<Fact>]
let ``a world that was written comes back to the bit`` () =
    let found = comesBack full
    Assert.Equal(full, found.Spec)

[<Fact>]
let ``a world without correlation and hierarchy comes back`` () =
    let spec =
        { full with
            Correlation = Correlation.Independent
            Hierarchy = None
            Seed = None }

    let found = comesBack spec
    Assert.Equal({ spec with Seed = Some 0L }, found.Spec)

[<Fact>]
let ``mutually orthogonal directions and trees written out come back as files of their own`` () =
    let leaf feature =
        { Feature = Some feature
          Children = Free []
          ScaleChildrenByParent = false
          Id = None }

    let root =
        { Feature = None
          Children =
            Exclusive
                [ { leaf 3 with
                      Children = Free [ leaf 1 ]
                      ScaleChildrenByParent = true }
                  leaf 2 ]
          ScaleChildrenByParent = false
          Id = None }

    let hierarchy = Some(Hierarchy.Explicit([ root ], false))

    let spec =
        { full with
            NumFeatures = 10
            Hierarchy = hierarchy
            Dictionary = Dictionary.MutuallyOrthogonal }

    let found = comesBack spec
    Assert.Equal(hierarchy, found.Spec.Hierarchy)

[<Fact>]
let ``trees that an earlier model left in the folder are removed`` () =
    use folder = new TemporaryFolder()
    ModelFolder.write folder.Path (compile full)
    Assert.True(File.Exists(folder.File ModelFolder.HierarchyFile))
    let world = compile { full with Hierarchy = None }
    ModelFolder.write folder.Path world
    SameWorld.arrays world (ModelFolder.read folder.Path)

[<Fact>]
let ``what the reference cannot express is refused, and nothing is written`` () =
    use folder = new TemporaryFolder()

    let spec =
        { full with
            NumFeatures = 3
            Hierarchy = Some(Hierarchy.Explicit([], true))
            Correlation =
                Correlation.Matrix
                    [| for i in 0..2 -> [| for j in 0..2 -> if i = j then 1.0 else 0.1 |] |]
            FiringProbability = FiringProbability.Explicit [| 0.1; 0.2; 0.3 |]
            MeanFiringMagnitudes = Magnitude.Explicit [| 1.0; 2.0; 3.0 |] }

    let target = folder.File "model"
    let error = Assert.Throws<BadInput>(fun () -> ModelFolder.write target (compile spec))
    Assert.Equal(target, error.place)

    Assert.Equal(
        "the reference's model format cannot express firing_probability as a list, correlation by a full matrix, "
        + "compensate_probabilities with a hierarchy written out, mean_firing_magnitudes as a list",
        error.problem
    )

    Assert.Empty(Directory.GetFileSystemEntries folder.Path)

// ---- quirks of loading -------------------------------------------------------------------------

/// A copy of a model folder after a change.
let private copy (source: string) (target: TemporaryFolder) =
    for file in Directory.GetFiles source do
        File.Copy(file, target.File(Path.GetFileName file), true)

let private rewrite (folder: TemporaryFolder) (name: string) (from: string) (replacement: string) =
    let text = File.ReadAllText(folder.File name)
    Assert.Contains(from, text)
    File.WriteAllText(folder.File name, text.Replace(from, replacement))

/// Write the weights again with one tensor replaced, added or (by an empty list) left out.
let private rewriteTensor (folder: TemporaryFolder) (name: string) (replacement: Tensor list) =
    let path = folder.File ModelFolder.WeightsFile

    let others =
        using (Safetensors.read path) (fun file ->
            [ for info in file.Tensors do
                  if info.Name <> name then
                      info.Name, Tensor.Float32(List.map int info.Shape, file.Float32 info.Name) ])

    Safetensors.write path [] (others @ [ for tensor in replacement -> name, tensor ])

[<Fact>]
let ``saved probabilities have no effect on a correlated model, and a warning says so`` () =
    use folder = new TemporaryFolder()
    copy (Oracles.path "model") folder
    rewriteTensor folder "firing_probabilities" [ Tensor.vector (Array.create 96 0.25f) ]
    let world = ModelFolder.read folder.Path
    let original = ModelFolder.read (Oracles.path "model")
    Assert.Equal<float32>(original.Threshold, world.Threshold)
    Assert.Contains("no effect", Assert.Single world.Warnings)

[<Fact>]
let ``saved probabilities decide for an independent model`` () =
    use folder = new TemporaryFolder()
    ModelFolder.write folder.Path (compile { full with Correlation = Correlation.Independent })
    rewriteTensor folder "firing_probabilities" [ Tensor.vector (Array.create 40 0.5f) ]
    let world = ModelFolder.read folder.Path
    Assert.Equal<float32>(Array.create 40 0.5f, world.Probability)
    Assert.All(world.Threshold, fun threshold -> Assert.Equal(0.0, float threshold, 1e-6))
    Assert.Contains("the saved ones are used", List.last world.Warnings)

[<Fact>]
let ``the flags of hierarchy.json count, not those of the configuration`` () =
    use folder = new TemporaryFolder()
    copy (Oracles.path "model") folder

    rewrite
        folder
        ModelFolder.HierarchyFile
        "\"scale_children_by_parent\": true"
        "\"scale_children_by_parent\": false"

    let world = ModelFolder.read folder.Path
    Assert.DoesNotContain(true, world.Forest.ScaledByParent)

    Assert.Contains(
        "\"scale_children_by_parent\": true",
        File.ReadAllText(folder.File ModelFolder.ConfigFile)
    )

[<Fact>]
let ``a model without a seed gets random magnitudes of seed 0 with a warning`` () =
    use folder = new TemporaryFolder()
    copy (Oracles.path "model") folder
    let config = File.ReadAllText(folder.File ModelFolder.ConfigFile)
    let seed = config.Substring(config.LastIndexOf "\"seed\": ")
    rewrite folder ModelFolder.ConfigFile seed "\"seed\": null\n}"
    let world = ModelFolder.read folder.Path
    Assert.Contains("no seed", Assert.Single world.Warnings)

// ---- hostile folders ---------------------------------------------------------------------------

let private problem (change: TemporaryFolder -> unit) =
    use folder = new TemporaryFolder()
    copy (Oracles.path "model") folder
    change folder
    let error = Assert.Throws<BadInput>(fun () -> ModelFolder.read folder.Path |> ignore)
    Path.GetFileName error.place, error.problem

let private weights problem = ModelFolder.WeightsFile, problem

[<Fact>]
let ``a missing file is named`` () =
    for name in [ ModelFolder.ConfigFile; ModelFolder.WeightsFile ] do
        let file, said = problem (fun folder -> File.Delete(folder.File name))
        Assert.Equal(name, file)
        Assert.StartsWith("cannot be read", said)

    let file, said = problem (fun folder -> File.Delete(folder.File ModelFolder.HierarchyFile))
    Assert.Equal(ModelFolder.HierarchyFile, file)
    Assert.Equal("is missing, but synthetic_model_config.json has a hierarchy", said)

[<Fact>]
let ``every fault of the configuration is reported at once`` () =
    let file, said =
        problem (fun folder ->
            rewrite folder ModelFolder.ConfigFile "\"num_features\": 96" "\"num_features\": 0"
            rewrite folder ModelFolder.ConfigFile "\"hidden_dim\": 24" "\"hidden_dim\": -1")

    Assert.Equal(ModelFolder.ConfigFile, file)
    Assert.Contains("num_features: must be at least 1 (got 0)", said)
    Assert.Contains("hidden_dim: must be at least 1 (got -1)", said)

[<Fact>]
let ``a configuration that is not JSON is an error`` () =
    let file, said =
        problem (fun folder -> File.WriteAllText(folder.File ModelFolder.ConfigFile, "{\"a\":"))

    Assert.Equal(ModelFolder.ConfigFile, file)
    Assert.Contains("not JSON", said)

[<Fact>]
let ``shapes that do not fit the configuration are errors`` () =
    let change tensor replacement =
        problem (fun folder -> rewriteTensor folder tensor [ replacement ])

    let vector = Tensor.vector [| 1.0f |]
    let matrix = Tensor.Matrix(Matrix.zeros 2 2)

    let expected name shape wanted =
        weights $"tensor '{name}' has shape [{shape}]; [{wanted}] is expected"

    Assert.Equal(expected "bias" "1" "24", change "bias" vector)
    Assert.Equal(expected "firing_probabilities" "1" "96", change "firing_probabilities" vector)
    Assert.Equal(expected "correlation_diag" "1" "96", change "correlation_diag" vector)
    Assert.Equal(expected "feature_vectors" "2, 2" "96, 24", change "feature_vectors" matrix)
    Assert.Equal(expected "correlation_factor" "2, 2" "96, 8", change "correlation_factor" matrix)

[<Fact>]
let ``values that mean nothing are errors`` () =
    let change tensor length value =
        problem (fun folder ->
            rewriteTensor folder tensor [ Tensor.vector (Array.create length value) ])

    Assert.Equal(weights "tensor 'bias' holds NaN", change "bias" 24 nanf)

    Assert.Equal(
        weights "tensor 'correlation_diag' holds 0 for feature 0; it must be above 0",
        change "correlation_diag" 96 0.0f
    )

    Assert.Equal(
        weights "tensor 'firing_probabilities' holds 1.5 for feature 0, which is not a probability",
        change "firing_probabilities" 96 1.5f
    )

[<Fact>]
let ``a correlation in one file only is an error`` () =
    Assert.Equal(
        weights "has no tensor 'correlation_factor'",
        problem (fun folder -> rewriteTensor folder "correlation_factor" [])
    )

    let config (folder: TemporaryFolder) =
        let path = folder.File ModelFolder.ConfigFile

        match SyntheticModelSpec.ofJson (File.ReadAllText path) with
        | Ok spec ->
            let spec = { spec with Correlation = Correlation.Independent }
            File.WriteAllText(path, SyntheticModelSpec.toJson spec)
        | Error errors -> failwith $"{errors}"

    Assert.Equal(
        weights "holds correlation_factor, but synthetic_model_config.json has no correlation",
        problem config
    )

[<Fact>]
let ``a feature that hangs in two places is an error`` () =
    let file, said =
        problem (fun folder ->
            rewrite
                folder
                ModelFolder.HierarchyFile
                "\"feature_index\": 24,"
                "\"feature_index\": 25,")

    Assert.Equal(ModelFolder.HierarchyFile, file)
    Assert.Contains("feature_index", said)

[<Fact>]
let ``a feature beyond the model is an error`` () =
    let file, said =
        problem (fun folder ->
            rewrite
                folder
                ModelFolder.HierarchyFile
                "\"feature_index\": 24,"
                "\"feature_index\": 96,")

    Assert.Equal(ModelFolder.HierarchyFile, file)
    Assert.Contains("must be in [0, 95]", said)

[<Fact>]
let ``a damaged folder is an input error or readable, never a crash`` () =
    use folder = new TemporaryFolder()
    let mutable rejected = 0

    for file in [ ModelFolder.ConfigFile; ModelFolder.WeightsFile; ModelFolder.HierarchyFile ] do
        copy (Oracles.path "model") folder
        let intact = File.ReadAllBytes(folder.File file)

        Property.forAll (Damage.of' intact) (fun bytes ->
            File.WriteAllBytes(folder.File file, bytes)

            try
                ModelFolder.read folder.Path |> ignore
            with BadInput(place, _) ->
                Assert.StartsWith(folder.Path, place)
                rejected <- rejected + 1

            true)

    Assert.True(rejected > 30, $"only {rejected} of 300 damages were rejected")
