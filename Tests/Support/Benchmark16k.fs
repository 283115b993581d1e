namespace SynthSae.Tests

open System.IO
open System.Text.Json
open SynthSae.Spec

/// The model of SynthSAEBench-16k, and what the reference says about it.
module Benchmark16k =
    /// The specification that `oracle-16k.json` was made with; the benchmark itself orthogonalises too.
    let spec: SyntheticModelSpec =
        { SyntheticModelSpec.create 16384 768 with
            FiringProbability = FiringProbability.Zipfian(0.5, 0.4, 5e-4)
            Hierarchy =
                Some(
                    Hierarchy.Generated
                        { TotalRootNodes = 128
                          BranchingFactor = BranchingFactor.Fixed 4
                          MaxDepth = 3
                          MutuallyExclusivePortion = 1.0
                          MutuallyExclusiveMinDepth = 0
                          MutuallyExclusiveMaxDepth = None
                          CompensateProbabilities = true
                          ScaleChildrenByParent = true }
                )
            Correlation = Correlation.LowRank(25, 0.1)
            StdFiringMagnitudes = Magnitude.FoldedNormal(0.5, 0.5, None, None)
            MeanFiringMagnitudes = Magnitude.Linear(5.0, 4.0)
            Bias = 0.5
            Seed = Some 42L }

    let oracle =
        lazy (JsonDocument.Parse(File.ReadAllText(Oracles.path "oracle-16k.json")).RootElement)

    /// What follows from the specification without sampling.
    let deterministic (name: string) =
        oracle.Value.GetProperty("deterministic").GetProperty name

    /// A table of the oracle from feature to value.
    let byFeature name =
        [ for entry in (deterministic name).EnumerateObject() ->
              int entry.Name, entry.Value.GetDouble() ]
