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

    /// Valid SAEs.
    let sae: Gen<SaeSpec> =
        gen {
            let! dSae = Gen.choose (1, 5000)
            let! k = Gen.choose (1, dSae)
            let! fraction = unit
            let! aux = notNegative
            let! thresholdLr = unit
            let! rescale = bool
            let! batch = bool
            let! initNorm = Gen.optionOf positive
            let! applyBDec = bool

            let family: TopKFamily =
                { RescaleActsByDecoderNorm = rescale
                  AuxLossCoefficient = aux }

            return
                { DIn = None
                  DSae = dSae
                  Architecture =
                    if batch then
                        SaeArchitecture.BatchTopK(float k - 0.9 * fraction, thresholdLr, family)
                    else
                        SaeArchitecture.TopK(k, family)
                  DecoderInitNorm = initNorm
                  ApplyBDecToInput = applyBDec }
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
            let! seed = seed

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
                  DeadFeatureWindow = window * 1<step>
                  Seed = seed }
        }

    let private evaluation: Gen<EvaluationSpec> =
        gen {
            let! samples = Gen.choose (1, 1 <<< 30)
            let! frequency = Gen.choose (0, 1000)
            let! intermediate = Gen.choose (1, 1 <<< 30)
            let! final = bool

            return
                { Samples = int64 samples * 1L<sample>
                  Frequency = frequency * 1<step>
                  IntermediateSamples = int64 intermediate * 1L<sample>
                  Final = final }
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

            let! sae = sae
            let! hasDIn = bool
            let! training = training
            let! evaluation = evaluation

            let writtenOut =
                match data with
                | DataSource.Synthetic(ModelSource.Spec _) -> true
                | _ -> false

            return
                { Data = data
                  Sae =
                    { sae with
                        DIn = if hasDIn && writtenOut then Some model.HiddenDim else None }
                  Training = training
                  Evaluation = evaluation }
        }
