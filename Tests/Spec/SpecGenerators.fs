namespace SynthSae.Tests.Spec

open FsCheck
open FsCheck.FSharp
open SynthSae.Spec

/// Random specifications that are valid, with numbers of all magnitudes.
module SpecGenerators =
    /// Uniform in [0, 1) with 53 random bits.
    let private unit =
        gen {
            let! high = Gen.choose (0, (1 <<< 26) - 1)
            let! low = Gen.choose (0, (1 <<< 27) - 1)
            return (float high * 134217728.0 + float low) / 9007199254740992.0
        }

    let private positive =
        Gen.map2 (fun u e -> (u + 0.5) * 10.0 ** float e) unit (Gen.choose (-30, 30))

    let private notNegative = Gen.frequency [ 4, positive; 1, Gen.constant 0.0 ]

    let private finite =
        Gen.map2 (fun x sign -> x * sign) notNegative (Gen.elements [ 1.0; -1.0 ])

    let private ordered (smallest: Gen<float>) =
        Gen.map2 (fun a b -> min a b, max a b) smallest smallest

    let private seed =
        Gen.map2 (fun high low -> (int64 high <<< 32) ||| int64 (uint32 low))
        <| Gen.choose (-2147483647, 2147483647)
        <| Gen.choose (-2147483647, 2147483647)

    let private bool = Gen.elements [ false; true ]

    let private probability n =
        let range = unit |> Gen.map (fun u -> 0.1 + 0.9 * u, 0.09 * u + 1e-12)

        Gen.oneof
            [ Gen.map2 (fun e (max, min) -> FiringProbability.Zipfian(e, max, min)) positive range
              Gen.map FiringProbability.Linear range
              Gen.map FiringProbability.Random range
              Gen.map FiringProbability.Constant unit
              Gen.arrayOfLength n unit |> Gen.map FiringProbability.Explicit ]

    let private folded =
        gen {
            let! mean = finite
            let! std = positive
            let! least, most = ordered positive
            let! hasMin = bool
            let! hasMax = bool
            let bound has value = if has then Some value else None
            return Magnitude.FoldedNormal(mean, std, bound hasMin least, bound hasMax most)
        }

    let private magnitude n =
        Gen.oneof
            [ Gen.map Magnitude.Constant positive
              Gen.map2 (fun a b -> Magnitude.Linear(a, b)) positive positive
              Gen.map2 (fun a b -> Magnitude.Exponential(a, b)) positive positive
              folded
              Gen.arrayOfLength n positive |> Gen.map Magnitude.Explicit ]

    let private randomMatrix =
        gen {
            let! positives = unit
            let! zeros = unit
            let! least, most = ordered unit
            let! seed = Gen.optionOf seed

            return
                Correlation.RandomMatrix
                    { PositiveRatio = positives
                      UncorrelatedRatio = zeros
                      MinStrength = least
                      MaxStrength = most
                      Seed = seed }
        }

    let private matrix n =
        Gen.arrayOfLength (n * n) unit
        |> Gen.map (fun values ->
            Array.init n (fun i ->
                Array.init n (fun j -> if i = j then 1.0 else values[min i j * n + max i j])))
        |> Gen.map Correlation.Matrix

    let private correlation n =
        Gen.oneof
            [ Gen.constant Correlation.Independent
              Gen.map2 (fun r s -> Correlation.LowRank(r, s)) (Gen.choose (1, 64)) notNegative
              randomMatrix
              matrix n ]

    let private generated =
        gen {
            let! roots = Gen.choose (1, 200)
            let! least = Gen.choose (2, 9)
            let! more = Gen.choose (0, 3)
            let! fixed' = bool
            let! depth = Gen.choose (1, 5)
            let! portion = unit
            let! minDepth = Gen.choose (0, 3)
            let! maxDepth = Gen.choose (minDepth, 6) |> Gen.optionOf
            let! compensate = bool
            let! scale = bool

            return
                Hierarchy.Generated
                    { TotalRootNodes = roots
                      BranchingFactor =
                        if fixed' then
                            BranchingFactor.Fixed least
                        else
                            BranchingFactor.Between(least, least + more)
                      MaxDepth = depth
                      MutuallyExclusivePortion = portion
                      MutuallyExclusiveMinDepth = minDepth
                      MutuallyExclusiveMaxDepth = maxDepth
                      CompensateProbabilities = compensate
                      ScaleChildrenByParent = scale }
        }

    /// Trees over the features given, each of which stands in one node.
    let rec private trees features =
        gen {
            match features with
            | [] -> return []
            | feature :: rest ->
                let! size = Gen.choose (0, List.length rest)
                let below, beside = List.splitAt size rest
                let! children = trees below
                let! others = trees beside
                let! exclusive = bool
                let! organises = bool
                let! scale = bool
                let! id = Gen.elements [ None; Some "é\t\"x\"\\ \u2028 \U0001F600"; Some "" ]

                let node: HierarchyNode =
                    { Feature = if organises then None else Some feature
                      Children =
                        if exclusive && children.Length >= 2 then
                            Exclusive children
                        else
                            Free children
                      ScaleChildrenByParent = scale
                      Id = id }

                return node :: others
        }

    let private hierarchy n =
        let explicit =
            Gen.map2 (fun roots c -> Hierarchy.Explicit(roots, c)) (trees [ 0 .. n - 1 ]) bool

        Gen.oneof [ Gen.constant None; Gen.map Some generated; Gen.map Some explicit ]

    let private orthogonalization: Gen<Orthogonalization option> =
        Gen.map3 (fun steps lr chunk -> { NumSteps = steps; Lr = lr; ChunkSize = chunk })
        <| Gen.choose (1, 1000)
        <| positive
        <| Gen.choose (1, 4096)
        |> Gen.optionOf

    let private dictionary n d =
        let given =
            positive
            |> Gen.map float32
            |> Gen.arrayOfLength d
            |> Gen.arrayOfLength n
            |> Gen.map Dictionary.Given

        let orthogonal = if n <= d then Dictionary.MutuallyOrthogonal else Dictionary.RandomUnit
        Gen.oneof [ Gen.constant Dictionary.RandomUnit; Gen.constant orthogonal; given ]

    /// Valid synthetic models of up to twelve features.
    let model: Gen<SyntheticModelSpec> =
        gen {
            let! n = Gen.choose (1, 12)
            let! d = Gen.choose (1, 12)
            let! probability = probability n
            let! hierarchy = hierarchy n
            let! orthogonalization = orthogonalization
            let! correlation = correlation n
            let! std = magnitude n
            let! mean = magnitude n
            let! bias = notNegative
            let! dictionary = dictionary n d
            let! seed = Gen.optionOf seed

            return
                { NumFeatures = n
                  HiddenDim = d
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

    let private auxK: Gen<AuxK> =
        gen {
            let! coefficient = notNegative
            let! normalization = Gen.elements [ AuxKNormalization.Raw; AuxKNormalization.Variance ]
            let! bias = bool

            return
                { Coefficient = coefficient
                  Normalization = normalization
                  DecoderBias = bias }
        }

    let private steps: Gen<int<step>> =
        Gen.choose (0, 100000) |> Gen.map (fun steps -> steps * 1<step>)

    let private coefficient: Gen<Coefficient> =
        Gen.map2 (fun value steps -> { Value = value; WarmUpSteps = steps }) notNegative steps

    let private jumpRelu: Gen<JumpRelu> =
        gen {
            let! threshold = positive
            let! bandwidth = positive
            let! scale = positive
            let! l0 = coefficient
            let! preAct = Gen.optionOf notNegative
            let! parameter = Gen.elements [ ThresholdParameter.Direct; ThresholdParameter.Log ]
            let! straightThrough = bool
            let! auxK = auxK

            let! sparsity =
                Gen.elements
                    [ JumpReluSparsity.Step
                      JumpReluSparsity.Tanh scale
                      JumpReluSparsity.Quadratic ]

            return
                { InitThreshold = threshold
                  Bandwidth = bandwidth
                  Sparsity = sparsity
                  L0 = l0
                  PreActLossCoefficient = preAct
                  Parameter = parameter
                  StraightThrough = straightThrough
                  AuxK = auxK }
        }

    let private levels dSae : Gen<MatryoshkaLevels> =
        gen {
            let! widths = Gen.nonEmptyListOf (Gen.choose (1, dSae)) |> Gen.map (Set >> Set.toList)
            let inner = widths |> List.filter (fun width -> width < dSae) |> List.length
            let! weights = Gen.oneof [ Gen.constant []; Gen.listOfLength inner notNegative ]
            let! l1 = Gen.oneof [ Gen.constant []; Gen.listOfLength (inner + 1) notNegative ]
            let! perLevel = bool
            let! detached = bool
            let! order = Gen.elements [ LevelOrder.Index; LevelOrder.Frequency ]

            return
                { Widths = widths
                  AuxLossPerLevel = perLevel
                  InnerWeights = weights
                  Detached = detached
                  Order = order
                  L1Coefficients = l1 }
        }

    let private architecture dSae : Gen<SaeArchitecture> =
        gen {
            let! k = Gen.choose (1, dSae)
            let! fraction = unit
            let! thresholdLr = unit
            let! rescale = bool
            let! auxK = auxK
            let! levels = levels dSae
            let! coefficient = coefficient
            let! p = positive
            let! jumpRelu = jumpRelu
            let! threshold = notNegative
            let! iterations = Gen.optionOf (Gen.choose (1, 5000))
            let! duplicate = bool
            let ofBatch = float k - 0.9 * fraction

            let family: TopKFamily = { RescaleActsByDecoderNorm = rescale; AuxK = auxK }

            return!
                Gen.elements
                    [ SaeArchitecture.Standard { L1 = coefficient; LpNorm = p }
                      SaeArchitecture.TopK(k, family)
                      SaeArchitecture.AbsTopK(k, family)
                      SaeArchitecture.BatchTopK(ofBatch, thresholdLr, family)
                      SaeArchitecture.Matryoshka(ofBatch, thresholdLr, family, levels)
                      SaeArchitecture.JumpRelu jumpRelu
                      SaeArchitecture.Gated { L1 = coefficient }
                      SaeArchitecture.MatchingPursuit
                          { ResidualThreshold = threshold
                            MaxIterations = iterations
                            StopOnDuplicateSupport = duplicate } ]
        }

    let private schedule dSae : Gen<L0Schedule> =
        gen {
            let! start = Gen.choose (1, dSae)
            let! steps = Gen.optionOf (steps |> Gen.map (fun steps -> steps + 1<step>))

            let! shape =
                Gen.elements [ ScheduleShape.Linear; ScheduleShape.Cosine; ScheduleShape.Geometric ]

            return { Start = float start; Steps = steps; Shape = shape }
        }

    let private resampling: Gen<Resampling> =
        gen {
            let! every = Gen.choose (1, 10000)
            let! until = unit
            let! window = steps
            let! samples = Gen.choose (1, 100000)
            let! scale = positive

            return
                { Every = every * 1<step>
                  Until = until
                  Window = window
                  Samples = samples
                  EncoderScale = scale }
        }

    /// Valid SAEs.
    let sae: Gen<SaeSpec> =
        gen {
            let! dSae = Gen.choose (1, 5000)
            let! architecture = architecture dSae
            let! target = Gen.choose (1, dSae)
            let! initNorm = Gen.optionOf positive
            let! applyBDec = bool
            let! sometimes = Gen.listOfLength 5 (Gen.elements [ true; false ])
            let! eta = positive
            let! schedule = schedule dSae
            let! resampling = resampling
            let! decoderNorm = Gen.elements [ DecoderNorm.Free; DecoderNorm.Unit ]
            let! noise = notNegative
            let! seed = seed

            let! normalization =
                Gen.elements
                    [ ActivationNormalization.None
                      ActivationNormalization.ExpectedAverage
                      ActivationNormalization.ConstantNorm
                      ActivationNormalization.LayerNorm ]

            let! initialisation =
                Gen.elements [ SaeInitialisation.Random; SaeInitialisation.Features noise ]

            let some i value =
                if sometimes[i] then Some value else None

            let fits =
                match architecture, normalization with
                | SaeArchitecture.TopK _, _
                | SaeArchitecture.BatchTopK _, _
                | SaeArchitecture.Matryoshka _, _ -> true
                | _ -> false

            return
                { DIn = None
                  DSae = dSae
                  Architecture = architecture
                  DecoderInitNorm = initNorm
                  ApplyBDecToInput = applyBDec
                  Normalization =
                    if architecture.AuxK.IsSome && normalization.IsConstantNorm then
                        ActivationNormalization.ExpectedAverage
                    elif architecture.AuxK.IsSome && normalization.IsLayerNorm then
                        ActivationNormalization.None
                    else
                        normalization
                  ListaEta = if fits then some 0 eta else None
                  TargetL0 =
                    match architecture with
                    | SaeArchitecture.JumpRelu _ -> Some(float target)
                    | _ -> some 1 (float target)
                  L0Schedule =
                    if architecture.K.IsSome || sometimes[1] then some 2 schedule else None
                  Autotuner =
                    { StartStep = target * 1<step>
                      IntegralGain = 0.5
                      ConvergenceGain = noise
                      GainScale = 10.0
                      Deadband = noise }
                  DecoderNorm = decoderNorm
                  Initialization = initialisation
                  Resampling = some 3 resampling
                  Seed = if sometimes[4] then Some seed else None }
        }

    let private training: Gen<TrainingSpec> =
        gen {
            let! batch = Gen.choose (16, 4096)
            let! steps = Gen.choose (10, 100000)
            let! warmUp = Gen.choose (0, steps / 2)
            let! decay = Gen.choose (0, steps / 2)
            let! cycles = Gen.choose (1, 9)
            let! lr = positive
            let! lrEnd = Gen.optionOf positive
            let! beta1 = unit
            let! beta2 = unit
            let! window = Gen.choose (0, 5000)
            let! normBatches = Gen.choose (1, 5000)
            let! seed = seed
            let! precision = Gen.elements [ Precision.Fp32; Precision.Tf32; Precision.Bf16 ]

            let! scheduler =
                Gen.elements
                    [ LrScheduler.Constant; LrScheduler.Cosine; LrScheduler.CosineRestarts cycles ]

            return
                { Samples = int64 batch * int64 steps * 1L<sample>
                  BatchSize = batch
                  Lr = lr
                  LrScheduler = scheduler
                  LrWarmUpSteps = warmUp * 1<step>
                  LrDecaySteps = decay * 1<step>
                  LrEnd = lrEnd
                  AdamBeta1 = beta1
                  AdamBeta2 = beta2
                  NormBatches = normBatches
                  DeadFeatureWindow = window * 1<step>
                  Precision = precision
                  Seed = seed }
        }

    let private evaluation: Gen<EvaluationSpec> =
        gen {
            let! samples = Gen.choose (1, 1 <<< 30)
            let! frequency = Gen.choose (0, 1000)
            let! intermediate = Gen.choose (1, 1 <<< 30)
            let! final = bool
            let! threshold = Gen.choose (-100, 100) |> Gen.map (fun n -> float n / 8.0)

            let! pruning =
                Gen.elements [ PruningSpec.Off; PruningSpec.Auto; PruningSpec.Below threshold ]

            return
                { Samples = int64 samples * 1L<sample>
                  Frequency = frequency * 1<step>
                  IntermediateSamples = int64 intermediate * 1L<sample>
                  Final = final
                  Pruning = pruning }
        }

    let private activations: Gen<ActivationsSpec> =
        gen {
            let! files = Gen.elements [ "a"; "b/*.npy"; "é x.npy" ] |> Gen.nonEmptyListOf
            let! tensor = Gen.elements [ None; Some "x"; Some "layer.4 \"x\"" ]
            let! buffer = Gen.choose (1, 1 <<< 20)
            let! rows = Gen.choose (1, 1 <<< 30)
            let! share = unit
            let! byShare = bool

            return
                { Files = files
                  Tensor = tensor
                  BufferRows = buffer
                  HeldOut =
                    if byShare then
                        HeldOut.Share(max 1e-9 share)
                    else
                        HeldOut.Rows(int64 rows * 1L<sample>) }
        }

    let private pursues (sae: SaeSpec) =
        match sae.Architecture with
        | SaeArchitecture.MatchingPursuit _ -> true
        | _ -> false

    /// Valid runs.
    let run: Gen<RunSpec> =
        gen {
            let! model = model
            let named = ModelSource.Named >> DataSource.Synthetic

            let! data =
                [ Gen.constant (DataSource.Synthetic(ModelSource.Spec model))
                  Gen.elements [ named "small"; named "./a folder" ]
                  Gen.map DataSource.Activations activations ]
                |> Gen.oneof

            let! count = Gen.elements [ 1; 1; 2; 4 ]
            let! saes = Gen.listOfLength count sae
            let! haveDIn = Gen.listOfLength count bool
            let! training = training
            let! evaluation = evaluation

            let writtenOut =
                match data with
                | DataSource.Synthetic(ModelSource.Spec _) -> true
                | _ -> false

            return
                { Data = data
                  Saes =
                    (saes, haveDIn)
                    ||> List.map2 (fun sae hasDIn ->
                        { sae with
                            DIn = if hasDIn && writtenOut then Some model.HiddenDim else None
                            // Activations in files have no features.
                            Initialization =
                                if data.IsActivations then
                                    SaeInitialisation.Random
                                else
                                    sae.Initialization })
                  Training =
                    { training with
                        Precision =
                            if List.exists pursues saes then Precision.Fp32 else training.Precision }
                  Evaluation = evaluation }
        }
