namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// A synthetic model: everything that defines the distribution of activations.
/// Field names in JSON are the reference's (`SyntheticModelConfig`); `dictionary` is an addition.
type SyntheticModelSpec =
    {
        /// N, the number of features.
        NumFeatures: int
        /// D, the dimension of an activation.
        HiddenDim: int
        FiringProbability: FiringProbability
        Hierarchy: Hierarchy option
        Orthogonalization: Orthogonalization option
        Correlation: Correlation
        /// Standard deviation of a feature's magnitude.
        StdFiringMagnitudes: Magnitude
        /// Mean of a feature's magnitude.
        MeanFiringMagnitudes: Magnitude
        /// Norm of the random bias direction; 0 for none.
        Bias: float
        Dictionary: Dictionary
        /// Seed of every random choice in the model; `None` is written as null and means 0.
        Seed: int64 option
    }

/// Making, checking, reading and writing synthetic models.
module SyntheticModelSpec =
    /// The reference's defaults: Zipfian(1, 0.3, 0.01), no hierarchy, no correlation, magnitude 1 ± 0, bias of norm 1.
    let create numFeatures hiddenDim : SyntheticModelSpec =
        { NumFeatures = numFeatures
          HiddenDim = hiddenDim
          FiringProbability = FiringProbability.Zipfian(1.0, 0.3, 0.01)
          Hierarchy = None
          Orthogonalization = None
          Correlation = Correlation.Independent
          StdFiringMagnitudes = Magnitude.Constant 0.0
          MeanFiringMagnitudes = Magnitude.Constant 1.0
          Bias = 1.0
          Dictionary = Dictionary.RandomUnit
          Seed = None }

    // Gating divides by the parent's mean magnitude.
    let private scalingRules spec hierarchy =
        let rule = "must be above 0 for a feature that scales its children"
        let parents = Hierarchy.scalingParents spec.NumFeatures hierarchy

        match spec.MeanFiringMagnitudes with
        | Magnitude.Constant mean -> Rules.check "" rule mean (List.isEmpty parents || mean > 0.0)
        | Magnitude.Explicit means ->
            let parentRule feature =
                Rules.check $"values[{feature}]" rule means[feature] (means[feature] > 0.0)

            parents |> List.filter (fun f -> f < means.Length) |> List.collect parentRule
        | _ -> []

    let private hierarchyRules spec hierarchy =
        let broken =
            Rules.atLeast 1 "num_features" spec.NumFeatures
            @ Hierarchy.rules spec.NumFeatures hierarchy

        match broken with
        | [] -> Rules.at "mean_firing_magnitudes" (scalingRules spec hierarchy)
        | _ -> Rules.at "hierarchy" (Hierarchy.rules spec.NumFeatures hierarchy)

    let internal rules spec =
        let n = spec.NumFeatures

        Rules.atLeast 1 "num_features" n
        @ Rules.atLeast 1 "hidden_dim" spec.HiddenDim
        @ Rules.at "firing_probability" (FiringProbability.rules n spec.FiringProbability)
        @ (spec.Hierarchy |> Option.map (hierarchyRules spec) |> Option.defaultValue [])
        @ Rules.optional
            (fun path o -> Rules.at path (Orthogonalization.rules o))
            "orthogonalization"
            spec.Orthogonalization
        @ Rules.at "correlation" (Correlation.rules n spec.Correlation)
        @ Rules.at "std_firing_magnitudes" (Magnitude.stdRules n spec.StdFiringMagnitudes)
        @ Rules.at "mean_firing_magnitudes" (Magnitude.meanRules n spec.MeanFiringMagnitudes)
        @ Rules.notNegative "bias" spec.Bias
        @ Rules.at "dictionary" (Dictionary.rules n spec.HiddenDim spec.Dictionary)

    /// The specification marked as valid, or every broken rule in the order of the fields.
    let validate (spec: SyntheticModelSpec) : Result<Valid<SyntheticModelSpec>, SpecError list> =
        Rules.validated spec (rules spec)

    // false and true are the norms 0 and 1.
    let private bias: Codec<float> =
        Codec.forms
            (function
            | Json.Bool _ -> Codec.bool |> Codec.map (fun on -> if on then 1.0 else 0.0) ((<>) 0.0)
            | _ -> Codec.number)
            (fun _ -> Codec.number)

    let internal codec: Codec<SyntheticModelSpec> =
        let standard = create 1 1

        let field name codec fallback part =
            Fields.optional name codec fallback |> Fields.from part

        Fields.fields<SyntheticModelSpec> {
            let! numFeatures = Fields.required "num_features" Codec.int |> Fields.from _.NumFeatures

            and! hiddenDim = Fields.required "hidden_dim" Codec.int |> Fields.from _.HiddenDim

            and! probability =
                field
                    "firing_probability"
                    FiringProbability.codec
                    standard.FiringProbability
                    _.FiringProbability

            and! hierarchy = field "hierarchy" (Codec.nullable Hierarchy.codec) None _.Hierarchy

            and! orthogonalization =
                field
                    "orthogonalization"
                    (Codec.nullable Orthogonalization.codec)
                    None
                    _.Orthogonalization

            and! correlation =
                field "correlation" Correlation.codec Correlation.Independent _.Correlation

            and! std =
                field
                    "std_firing_magnitudes"
                    Magnitude.codec
                    standard.StdFiringMagnitudes
                    _.StdFiringMagnitudes

            and! mean =
                field
                    "mean_firing_magnitudes"
                    Magnitude.codec
                    standard.MeanFiringMagnitudes
                    _.MeanFiringMagnitudes

            and! bias = field "bias" bias standard.Bias _.Bias

            and! () =
                Fields.always "dtype" (Json.String "float32") "everything is computed in float32"

            and! seed = field "seed" (Codec.nullable Codec.int64) None _.Seed

            and! dictionary =
                Fields.unusual "dictionary" Dictionary.codec Dictionary.RandomUnit
                |> Fields.from _.Dictionary

            return
                { NumFeatures = numFeatures
                  HiddenDim = hiddenDim
                  FiringProbability = probability
                  Hierarchy = hierarchy
                  Orthogonalization = orthogonalization
                  Correlation = correlation
                  StdFiringMagnitudes = std
                  MeanFiringMagnitudes = mean
                  Bias = bias
                  Dictionary = dictionary
                  Seed = seed }
        }
        |> Fields.toObject

    /// Read the text of a `synthetic_model_config.json`; every problem in it comes back at once.
    let ofJson (text: string) : Result<SyntheticModelSpec, SpecError list> = Codec.ofText codec text

    /// The text of a `synthetic_model_config.json`, as the reference writes it.
    let toJson (spec: SyntheticModelSpec) : string = Codec.toText codec spec
