namespace SynthSae.Tests

open FsCheck
open FsCheck.FSharp
open SynthSae.Spec

/// Random SAEs to be trained: every architecture with every setting of its losses on and off.
module SaeSpecs =
    let private auxK =
        gen {
            let! coefficient = Gen.elements [ 1.0; 0.5; 0.0 ]

            let! normalization = Gen.elements [ AuxKNormalization.Raw; AuxKNormalization.Variance ]

            let! bias = Gen.elements [ false; true ]

            return
                { Coefficient = coefficient
                  Normalization = normalization
                  DecoderBias = bias }
        }

    let private coefficient =
        Gen.elements [ 0.3; 2.0 ]
        |> Gen.map (fun value -> { Value = value; WarmUpSteps = 0<step> })

    let private family auxK =
        gen {
            let! rescale = Gen.elements [ true; false ]
            let! auxK = auxK

            return { RescaleActsByDecoderNorm = rescale; AuxK = auxK }
        }

    let private wholeK latents = Gen.choose (1, latents)

    let private fractionalK latents =
        gen {
            let! k = wholeK latents
            let! fraction = Gen.elements [ 0.0; 0.4; -0.7 ]
            return min (float latents) (float k + fraction)
        }

    let private topK case latents auxK =
        Gen.map2 (fun k family -> case (k, family)) (wholeK latents) (family auxK)

    let private batchTopK latents auxK =
        Gen.map2
            (fun k family -> SaeArchitecture.BatchTopK(k, 0.01, family))
            (fractionalK latents)
            (family auxK)

    let private levels latents =
        gen {
            let! count = Gen.choose (1, min 3 latents)
            let! all = Gen.shuffle [| 1..latents |]
            let widths = all |> Array.truncate count |> Array.sort |> Array.toList
            let inner = widths |> List.filter (fun width -> width < latents) |> List.length
            let! weights = Gen.elements [ []; List.init inner (fun l -> 0.5 + 0.25 * float l) ]

            let! penalties =
                Gen.elements [ []; List.init (inner + 1) (fun l -> 0.2 + 0.1 * float l) ]

            let! perLevel = Gen.elements [ false; true ]
            let! detached = Gen.elements [ false; true ]
            let! order = Gen.elements [ LevelOrder.Index; LevelOrder.Frequency ]

            return
                { Widths = widths
                  AuxLossPerLevel = perLevel
                  InnerWeights = weights
                  Detached = detached
                  Order = order
                  L1Coefficients = penalties }
        }

    let private matryoshka latents =
        gen {
            let! k = fractionalK latents
            let! family = family auxK
            let! levels = levels latents
            return SaeArchitecture.Matryoshka(k, 0.01, family, levels)
        }

    let private standard =
        Gen.map2
            (fun l1 p -> SaeArchitecture.Standard { L1 = l1; LpNorm = p })
            coefficient
            (Gen.elements [ 1.0; 1.5; 2.0 ])

    let private jumpRelu =
        gen {
            let! sparsity =
                Gen.elements
                    [ JumpReluSparsity.Step; JumpReluSparsity.Tanh 4.0; JumpReluSparsity.Quadratic ]

            let! l0 = coefficient
            let! preAct = Gen.elements [ None; Some 0.3 ]
            let! parameter = Gen.elements [ ThresholdParameter.Direct; ThresholdParameter.Log ]
            let! straightThrough = Gen.elements [ false; true ]
            let! auxK = Gen.oneof [ Gen.constant (SaeSpec.auxK 0.0); auxK ]

            return
                SaeArchitecture.JumpRelu
                    { InitThreshold = 0.5
                      Bandwidth = 0.7
                      Sparsity = sparsity
                      L0 = l0
                      PreActLossCoefficient = preAct
                      Parameter = parameter
                      StraightThrough = straightThrough
                      AuxK = auxK }
        }

    let private pursuit =
        gen {
            let! threshold = Gen.elements [ 0.0; 0.7 ]
            let! most = Gen.elements [ None; Some 1; Some 3 ]
            let! stop = Gen.elements [ false; true ]

            return
                SaeArchitecture.MatchingPursuit
                    { ResidualThreshold = threshold
                      MaxIterations = most
                      StopOnDuplicateSupport = stop }
        }

    let private architecture latents =
        Gen.oneof
            [ standard
              topK SaeArchitecture.TopK latents auxK
              topK SaeArchitecture.AbsTopK latents auxK
              batchTopK latents auxK
              matryoshka latents
              jumpRelu
              Gen.map (fun l1 -> SaeArchitecture.Gated { L1 = l1 }) coefficient
              pursuit ]

    let private create dim latents architecture apply =
        { SaeSpec.create latents architecture with
            DIn = Some dim
            DecoderInitNorm = None
            ApplyBDecToInput = apply }

    let private options (spec: SaeSpec) =
        gen {
            let! eta =
                match spec.Architecture with
                | SaeArchitecture.TopK _
                | SaeArchitecture.BatchTopK _
                | SaeArchitecture.Matryoshka _ -> Gen.elements [ None; Some 0.3 ]
                | _ -> Gen.constant None

            let! normalization =
                match spec.Architecture.AuxK with
                | Some _ -> Gen.constant ActivationNormalization.None
                | None ->
                    Gen.elements
                        [ ActivationNormalization.None
                          ActivationNormalization.ConstantNorm
                          ActivationNormalization.LayerNorm ]

            let target =
                match spec.Architecture with
                | SaeArchitecture.JumpRelu { Sparsity = JumpReluSparsity.Quadratic } -> Some 0.6
                | _ -> None

            return
                { spec with
                    ListaEta = eta
                    Normalization = normalization
                    TargetL0 = target }
        }

    /// Every architecture and option, with L latents on R^dim.
    let every dim latents =
        gen {
            let! architecture = architecture latents
            let! apply = Gen.elements [ true; false ]
            return! options (create dim latents architecture apply)
        }

    /// TopK and BatchTopK with the reference's settings.
    let plain dim latents =
        gen {
            let auxK = Gen.elements [ 1.0; 0.5 ] |> Gen.map SaeSpec.auxK

            let! architecture =
                Gen.oneof [ topK SaeArchitecture.TopK latents auxK; batchTopK latents auxK ]

            let! apply = Gen.elements [ true; false ]
            return create dim latents architecture apply
        }

    /// With an L0 that changes, and a coefficient that follows it.
    let controlled (spec: SaeSpec) =
        let target = if spec.Architecture.Coefficient.IsSome then Some 2.0 else spec.TargetL0

        { spec with
            TargetL0 = target
            L0Schedule =
                if target.IsSome || spec.Architecture.K.IsSome then
                    Some
                        { Start = 6.0
                          Steps = Some 8<step>
                          Shape = ScheduleShape.Linear }
                else
                    None }
