namespace SynthSae.Compute.Files

open System
open System.IO
open SynthSae.Compute
open SynthSae.Spec

/// A synthetic model as the reference keeps it: a folder with `synthetic_model_config.json`,
/// `synthetic_model.safetensors` and, where there is a hierarchy, `hierarchy.json`.
module ModelFolder =
    [<Literal>]
    let ConfigFile = "synthetic_model_config.json"

    [<Literal>]
    let WeightsFile = "synthetic_model.safetensors"

    [<Literal>]
    let HierarchyFile = "hierarchy.json"

    let private orFail (file: string) (result: Result<'T, SpecError list>) =
        match result with
        | Ok value -> value
        | Error errors -> raise (BadInput(file, errors |> List.map string |> String.concat "; "))

    // ---- reading -------------------------------------------------------------------------------

    /// F and σ = √diag. The reference keeps only low-rank factors.
    let private factors (file: SafetensorsFile) (spec: SyntheticModelSpec) =
        let fail problem = raise (BadInput(file.Path, problem))

        match spec.Correlation with
        | Correlation.LowRank(rank, _) ->
            let diag = Parameters.vector file "correlation_diag" spec.NumFeatures

            match diag |> Array.tryFindIndex (fun value -> value <= 0.0f) with
            | Some i ->
                fail
                    $"tensor 'correlation_diag' holds {diag[i]} for feature {i}; it must be above 0"
            | None -> ()

            struct (Parameters.matrix file "correlation_factor" spec.NumFeatures rank,
                    Array.map sqrt diag)
        | Correlation.Independent ->
            if file.Has "correlation_factor" then
                fail $"holds correlation_factor, but {ConfigFile} has no correlation"

            struct (Matrix.zeros spec.NumFeatures 0, Array.create spec.NumFeatures 1.0f)
        | Correlation.RandomMatrix _
        | Correlation.Matrix _ -> fail "a full correlation matrix is not kept in model folders"

    /// The trees of hierarchy.json, whose flags count, not the rules in the configuration. They are checked
    /// as a specification's.
    let private trees (folder: string) (spec: SyntheticModelSpec) =
        let file = Path.Combine(folder, HierarchyFile)

        if File.Exists file then
            let roots = FileErrors.readText file |> Hierarchy.ofJson |> orFail file
            let explicit = Some(Hierarchy.Explicit(roots, false))
            SyntheticModelSpec.validate { spec with Hierarchy = explicit } |> orFail file |> ignore
            roots
        elif spec.Hierarchy.IsSome then
            raise (BadInput(file, $"is missing, but {ConfigFile} has a hierarchy"))
        else
            []

    /// Without correlation the reference samples by the saved probabilities; with correlation by thresholds
    /// that it computes from the configuration, and the saved ones have no effect.
    let private withSavedProbabilities (file: SafetensorsFile) (world: World) =
        let saved = Parameters.vector file "firing_probabilities" world.NumFeatures

        match saved |> Array.tryFindIndex (fun p -> p < 0.0f || p > 1.0f) with
        | Some i ->
            let problem = $"tensor 'firing_probabilities' holds {saved[i]} for feature {i}"
            raise (BadInput(file.Path, problem + ", which is not a probability"))
        | None -> ()

        let differs (a: float32) (b: float32) = abs (a - b) > 1e-5f * max a b
        let different = Array.map2 differs saved world.Probability |> Array.filter id

        let warning effect =
            if different.Length = 0 then
                []
            else
                [ $"{different.Length} saved firing probabilities differ from the configuration's: {effect}" ]

        if world.Rank > 0 then
            { world with
                Warnings = world.Warnings @ warning "they have no effect on a correlated model" }
        else
            { world with
                Probability = saved
                Threshold = saved |> Array.map FiringProbabilities.threshold
                Warnings = world.Warnings @ warning "the saved ones are used" }

    let private seedWarning (spec: SyntheticModelSpec) =
        match spec.Seed, spec.MeanFiringMagnitudes, spec.StdFiringMagnitudes with
        | None, Magnitude.FoldedNormal _, _
        | None, _, Magnitude.FoldedNormal _ ->
            [ "the model has no seed: its random magnitudes are those of seed 0" ]
        | _ -> []

    let private assemble (folder: string) (spec: SyntheticModelSpec) drawn =
        try
            WorldCompiler.assemble spec drawn
        with BadInput(place, problem) ->
            raise (BadInput(folder, $"{place}: {problem}"))

    /// Read a model folder as the reference loads it: directions, bias and correlation from the weights
    /// file; trees and their flags from hierarchy.json; magnitudes drawn again from the configuration with
    /// seed + 1 and seed + 2; compensation run again; nothing is orthogonalised. All shapes are checked
    /// against the configuration. Every fault raises `BadInput`.
    let read (folder: string) : World =
        let configFile = Path.Combine(folder, ConfigFile)
        let spec = FileErrors.readText configFile |> SyntheticModelSpec.ofJson |> orFail configFile
        SyntheticModelSpec.validate spec |> orFail configFile |> ignore
        use file = Safetensors.read (Path.Combine(folder, WeightsFile))
        let roots = trees folder spec
        let struct (factor, residualSd) = factors file spec

        let spec =
            if spec.Hierarchy.IsNone && not roots.IsEmpty then
                { spec with
                    Hierarchy = Some(Hierarchy.Explicit(roots, false)) }
            else
                spec

        let world =
            assemble
                folder
                spec
                { Dictionary =
                    Parameters.matrix file "feature_vectors" spec.NumFeatures spec.HiddenDim
                  Bias = Parameters.vector file "bias" spec.HiddenDim
                  Factor = factor
                  ResidualSd = residualSd
                  Trees = roots }
            |> withSavedProbabilities file

        { world with Warnings = seedWarning spec @ world.Warnings }

    // ---- writing -------------------------------------------------------------------------------

    /// What the reference's format has no words for.
    let private inexpressible (spec: SyntheticModelSpec) =
        let magnitude name value =
            match value with
            | Magnitude.Explicit _ -> [ $"{name} as a list" ]
            | _ -> []

        [ match spec.FiringProbability with
          | FiringProbability.Explicit _ -> "firing_probability as a list"
          | _ -> ()
          match spec.Correlation with
          | Correlation.RandomMatrix _
          | Correlation.Matrix _ -> "correlation by a full matrix"
          | _ -> ()
          match spec.Hierarchy with
          | Some(Hierarchy.Explicit(_, true)) ->
              "compensate_probabilities with a hierarchy written out"
          | _ -> ()
          yield! magnitude "mean_firing_magnitudes" spec.MeanFiringMagnitudes
          yield! magnitude "std_firing_magnitudes" spec.StdFiringMagnitudes ]

    /// The configuration in the reference's terms: directions and trees are in files of their own, and the
    /// seed says which magnitudes were drawn.
    let private configuration (spec: SyntheticModelSpec) =
        { spec with
            Seed = Some(WorldCompiler.seed spec)
            Dictionary = Dictionary.RandomUnit
            Hierarchy =
                match spec.Hierarchy with
                | Some(Hierarchy.Explicit _) -> None
                | other -> other }

    let private tensors (world: World) =
        [ "feature_vectors", Tensor.Matrix world.Dictionary
          "bias", Tensor.vector world.Bias
          "firing_probabilities", Tensor.vector world.Probability
          if world.Rank > 0 then
              "correlation_factor", Tensor.Matrix world.Factor
              // √ of the rounded square is the number itself.
              "correlation_diag", Tensor.vector (world.ResidualSd |> Array.map (fun sd -> sd * sd)) ]

    /// A model without trees has no file of them: one that an earlier model left is removed.
    let private writeTrees (file: string) (trees: HierarchyNode list) =
        if trees.IsEmpty then
            if File.Exists file then
                FileErrors.writing file (fun () -> File.Delete file)
        else
            AtomicFile.writeText file (Hierarchy.toJson trees)

    /// Write a world as a folder that the reference loads. Raises `BadInput` for a world that its format
    /// cannot express: lists of probabilities or magnitudes, a full correlation matrix, compensation of
    /// trees written out.
    let write (folder: string) (world: World) : unit =
        match inexpressible world.Spec with
        | [] -> ()
        | fields ->
            let what = String.concat ", " fields
            raise (BadInput(folder, $"the reference's model format cannot express {what}"))

        Safetensors.write (Path.Combine(folder, WeightsFile)) [] (tensors world)

        writeTrees (Path.Combine(folder, HierarchyFile)) (Forests.toTrees world.Forest)
        let config = SyntheticModelSpec.toJson (configuration world.Spec)
        AtomicFile.writeText (Path.Combine(folder, ConfigFile)) config
