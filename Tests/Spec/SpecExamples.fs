namespace SynthSae.Tests.Spec

open SynthSae.Spec

/// Specifications that together show every case of every union, each with the name of its golden file.
module SpecExamples =
    let private model = { SyntheticModelSpec.create 4 2 with Seed = Some 7L }

    let private leaf feature : HierarchyNode =
        { Feature = Some feature
          Children = Free []
          ScaleChildrenByParent = false
          Id = None }

    /// An organising root over exclusive children, and a scaling root over a free child.
    let trees: HierarchyNode list =
        [ { Feature = None
            Children = Exclusive [ leaf 0; { leaf 1 with Id = Some "städte \"A\"\n" } ]
            ScaleChildrenByParent = false
            Id = Some "places" }
          { leaf 2 with
              Children = Free [ leaf 3 ]
              ScaleChildrenByParent = true } ]

    let private generated: GeneratedHierarchy =
        { TotalRootNodes = 2
          BranchingFactor = BranchingFactor.Fixed 2
          MaxDepth = 1
          MutuallyExclusivePortion = 0.5
          MutuallyExclusiveMinDepth = 0
          MutuallyExclusiveMaxDepth = Some 1
          CompensateProbabilities = true
          ScaleChildrenByParent = true }

    let private probability p = { model with FiringProbability = p }

    let private magnitudes mean std =
        { model with
            MeanFiringMagnitudes = mean
            StdFiringMagnitudes = std }

    let private random: RandomCorrelation =
        { PositiveRatio = 0.5
          UncorrelatedRatio = 0.3
          MinStrength = 0.1
          MaxStrength = 0.8
          Seed = Some 3L }

    let private matrix =
        Array.init 4 (fun i -> Array.init 4 (fun j -> if i = j then 1.0 else 0.25))

    let models: (string * SyntheticModelSpec) list =
        [ "defaults", SyntheticModelSpec.create 4 2
          "probability-zipfian", probability (FiringProbability.Zipfian(0.5, 0.4, 0.0005))
          "probability-linear", probability (FiringProbability.Linear(0.345, 0.05))
          "probability-random", probability (FiringProbability.Random(0.5, 1e-05))
          "probability-constant", probability (FiringProbability.Constant 0.25)
          "probability-explicit", probability (FiringProbability.Explicit [| 0.0; 0.1; 0.5; 1.0 |])
          "magnitude-linear-folded",
          magnitudes (Magnitude.Linear(5.0, 4.0)) (Magnitude.FoldedNormal(0.5, 0.5, None, Some 2.5))
          "magnitude-exponential-explicit",
          magnitudes (Magnitude.Exponential(8.0, 1.0)) (Magnitude.Explicit [| 0.0; 0.5; 1.0; 1.5 |])
          "correlation-low-rank", { model with Correlation = Correlation.LowRank(25, 0.1) }
          "correlation-random-matrix", { model with Correlation = Correlation.RandomMatrix random }
          "correlation-matrix", { model with Correlation = Correlation.Matrix matrix }
          "hierarchy-generated",
          { model with
              Hierarchy = Some(Hierarchy.Generated generated) }
          "hierarchy-generated-range",
          (let range =
              { generated with
                  BranchingFactor = BranchingFactor.Between(2, 5) }

           { model with Hierarchy = Some(Hierarchy.Generated range) })
          "hierarchy-explicit",
          { model with
              Hierarchy = Some(Hierarchy.Explicit(trees, true)) }
          "orthogonalization",
          { model with
              Orthogonalization = Some { NumSteps = 100; Lr = 3e-4; ChunkSize = 1024 } }
          "dictionary-orthogonal",
          { model with
              HiddenDim = 4
              Dictionary = Dictionary.MutuallyOrthogonal }
          "dictionary-given",
          { model with
              Dictionary =
                  Dictionary.Given
                      [| [| 1f; 0f |]; [| 0f; -1f |]; [| 0.1f; 1e-20f |]; [| 3e8f; 2f |] |] } ]

    let saes: (string * SaeSpec) list =
        [ "sae-topk",
          { SaeSpec.topK 48 5 with
              DIn = Some 24
              DecoderInitNorm = None }
          "sae-batchtopk", { SaeSpec.batchTopK 48 5.5 with ApplyBDecToInput = false } ]

    let private run: RunSpec =
        { Data = DataSource.Synthetic(ModelSource.Named "small")
          Saes = [ SaeSpec.batchTopK 128 6.0 ]
          Training = TrainingSpec.standard
          Evaluation = EvaluationSpec.standard }

    let private schedule scheduler =
        { run with
            Training =
                { run.Training with
                    LrScheduler = scheduler
                    LrWarmUpSteps = 100<step>
                    LrDecaySteps = 200<step>
                    LrEnd = Some 1e-05
                    Seed = 9007199254740993L }
            Evaluation = { run.Evaluation with Frequency = 50<step>; Final = false } }

    let private pruned pruning =
        { run with
            Evaluation = { run.Evaluation with Pruning = pruning } }

    let private onFiles files tensor heldOut =
        let activations =
            { ActivationsSpec.create files with
                Tensor = tensor
                HeldOut = heldOut }

        { run with Data = DataSource.Activations activations }

    let runs: (string * RunSpec) list =
        [ "run-named", run
          "run-cosine", schedule LrScheduler.Cosine
          "run-restarts", schedule (LrScheduler.CosineRestarts 3)
          "run-pruned", pruned PruningSpec.Auto
          "run-pruned-below", pruned (PruningSpec.Below 2.25)
          "run-saes",
          { run with
              Saes = [ SaeSpec.batchTopK 128 6.0; { SaeSpec.topK 64 4 with Seed = Some 7L } ] }
          "run-activations", onFiles [ "acts" ] None (HeldOut.Share 0.05)
          "run-activations-list",
          onFiles [ "a/*.safetensors"; "b.npy" ] (Some "resid") (HeldOut.Rows 20_000L<sample>)
          for preset in Presets.all do
              "preset-" + preset.Name, preset.Run ]

    let private sweep = SweepSpec.create "widths" (SweepBase.Named "small")

    let sweeps: (string * SweepSpec) list =
        [ "sweep-grid",
          { sweep with
              Axes =
                  [ SweepAxis.Values [ "sae.d_sae", [ "64"; "128" ] ]
                    SweepAxis.Values [ "sae.architecture", [ "\"topk\""; "\"batchtopk\"" ] ] ]
              Seeds = SweepSeeds.Count 3 }
          "sweep-everything",
          { sweep with
              Description = "All that a sweep can say"
              Base = SweepBase.Spec run
              Set = [ "lr", "0.003"; "synthetic_model.correlation", "null" ]
              Axes =
                  [ SweepAxis.Choices(
                        "architecture",
                        [ { Name = "BatchTopK"; Set = [] }
                          { Name = "L1, warmed up"
                            Set =
                              [ "sae.architecture", "\"standard\""
                                "sae.l0_schedule", "{\"start\": 8, \"steps\": null}" ] } ]
                    )
                    SweepAxis.Values
                        [ "synthetic_model.hidden_dim", [ "32"; "64" ]
                          "training_samples", [ "1000000"; "2e6" ] ] ]
              Seeds = SweepSeeds.Listed [ 0L; -7L; 9007199254740993L ]
              Group = false
              MaxSaesPerRun = 4 } ]
