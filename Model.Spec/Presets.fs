namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// A run that has a name.
type Preset =
    {
        /// What the command line calls it.
        Name: string
        /// One line.
        Description: string
        Run: RunSpec
    }

/// The named runs.
module Presets =
    let private zipfian minProb =
        FiringProbability.Zipfian(0.5, 0.4, minProb)

    /// Every parent has exclusive children and scales them; probabilities are compensated.
    let private exclusiveForest roots branching depth =
        { TotalRootNodes = roots
          BranchingFactor = BranchingFactor.Fixed branching
          MaxDepth = depth
          MutuallyExclusivePortion = 1.0
          MutuallyExclusiveMinDepth = 0
          MutuallyExclusiveMaxDepth = None
          CompensateProbabilities = true
          ScaleChildrenByParent = true }

    /// What the benchmark's worlds of every size share.
    let private benchWorld numFeatures hiddenDim minProb forest orthogonalizationLr rank =
        { SyntheticModelSpec.create numFeatures hiddenDim with
            FiringProbability = zipfian minProb
            Hierarchy = Some(Hierarchy.Generated forest)
            Orthogonalization =
                Some
                    { NumSteps = 100
                      Lr = orthogonalizationLr
                      ChunkSize = 1024 }
            Correlation = Correlation.LowRank(rank, 0.1)
            StdFiringMagnitudes = Magnitude.FoldedNormal(0.5, 0.5, None, None)
            MeanFiringMagnitudes = Magnitude.Linear(5.0, 4.0)
            Bias = 0.5
            Seed = Some 42L }

    let private bench16k scaled =
        let forest =
            { exclusiveForest 128 4 3 with
                ScaleChildrenByParent = scaled }

        benchWorld 16384 768 0.0005 forest 3e-4 25

    let private smallWorld = benchWorld 256 64 0.005 (exclusiveForest 16 3 2) 0.003 8

    let private tinyWorld = benchWorld 32 16 0.02 (exclusiveForest 4 2 2) 0.003 4

    // The form of the authors' code (true L0 10.95); the paper's text has a line from .345 to .05.
    let private toyProbability i = 0.345 * float (49 - i) / 50.0 + 0.05

    let private toyWorld =
        { SyntheticModelSpec.create 50 100 with
            FiringProbability = FiringProbability.Explicit(Array.init 50 toyProbability)
            Correlation =
                Correlation.RandomMatrix
                    { PositiveRatio = 0.5
                      UncorrelatedRatio = 0.3
                      MinStrength = 0.3
                      MaxStrength = 0.9
                      Seed = Some 42L }
            StdFiringMagnitudes = Magnitude.Constant 0.15
            MeanFiringMagnitudes = Magnitude.Constant 1.0
            Bias = 0.0
            Dictionary = Dictionary.MutuallyOrthogonal
            Seed = Some 42L }

    let private preset name description model sae samples evalSamples =
        { Name = name
          Description = description
          Run =
            { Data = DataSource.Synthetic(ModelSource.Spec model)
              Saes = [ sae ]
              Training = { TrainingSpec.standard with Samples = samples }
              Evaluation = { EvaluationSpec.standard with Samples = evalSamples } } }

    /// All of them, the benchmark first.
    let all: Preset list =
        let bench = SaeSpec.batchTopK 4096 25.0

        [ preset
              "synth-sae-bench-16k"
              "SynthSAEBench-16k (v2): 16,384 features in R^768, children scaled by their parent"
              (bench16k true)
              bench
              200_000_000L<sample>
              500_000L<sample>
          preset
              "synth-sae-bench-16k-v1"
              "SynthSAEBench-16k as first released (v1): children not scaled by their parent"
              (bench16k false)
              bench
              200_000_000L<sample>
              500_000L<sample>
          preset
              "sparse-but-wrong-toy"
              "The toy of \"Sparse but Wrong\": 50 orthogonal, correlated features in R^100"
              toyWorld
              (SaeSpec.batchTopK 50 11.0)
              15_000_000L<sample>
              500_000L<sample>
          preset
              "small"
              "A benchmark world of 256 features in R^64: seconds on a laptop"
              smallWorld
              (SaeSpec.batchTopK 128 6.0)
              3_072_000L<sample>
              204_800L<sample>
          preset
              "tiny"
              "32 features in R^16: under a second, to try things out"
              tinyWorld
              (SaeSpec.batchTopK 16 3.0)
              51_200L<sample>
              10_240L<sample> ]

    /// The preset of that name.
    let tryFind (name: string) : Preset option =
        all |> List.tryFind (fun preset -> preset.Name = name)

    /// The preset of that name, or an error that names the nearest one.
    let find (name: string) : Result<Preset, SpecError list> =
        match tryFind name with
        | Some preset -> Ok preset
        | None ->
            let hint = Nearest.hint (all |> List.map _.Name) name

            Error
                [ { Path = ""
                    Rule = $"there is no such preset{hint}"
                    Value = name } ]
