namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// What the sparsity loss of a JumpReLU SAE counts (reference: `jumprelu_sparsity_loss_mode`).
[<RequireQualifiedAccess>]
type JumpReluSparsity =
    /// The L0 itself: λ · mean over samples of Σ_j [pre_j > θ_j].
    | Step
    /// λ · mean over samples of Σ_j tanh(scale · f_j ‖W_dec,j‖).
    | Tanh of scale: float
    /// λ · (L0/target_l0 − 1)², L0 the mean over the batch.
    | Quadratic

/// What is trained of a JumpReLU threshold θ.
[<RequireQualifiedAccess>]
type ThresholdParameter =
    /// θ itself, used as relu(θ) (the reference from 6.48).
    | Direct
    /// log θ (the reference before, and the published results).
    | Log

/// Settings of a JumpReLU SAE (Rajamanoharan et al. 2024; REFERENCE §9.6).
type JumpRelu =
    {
        /// θ at the start; above 0.
        InitThreshold: float
        /// Width of the rectangle in which thresholds get a gradient; above 0.
        Bandwidth: float
        Sparsity: JumpReluSparsity
        /// λ.
        L0: Coefficient
        /// c of c · mean over samples of Σ over dead j of relu(θ_j − pre_j) ‖W_dec,j‖; `None` for no such loss.
        PreActLossCoefficient: float option
        Parameter: ThresholdParameter
        /// Give the pre-activation, too, the gradient of the rectangle around its threshold.
        StraightThrough: bool
        /// None by default, as in the reference; the first published recipe had one.
        AuxK: AuxK
    }

module internal JumpRelu =
    let rules (jump: JumpRelu) =
        Rules.positive "jumprelu_init_threshold" jump.InitThreshold
        @ Rules.positive "jumprelu_bandwidth" jump.Bandwidth
        @ Coefficient.rules "l0" jump.L0
        @ Rules.optional Rules.notNegative "pre_act_loss_coefficient" jump.PreActLossCoefficient
        @ (match jump.Sparsity with
           | JumpReluSparsity.Tanh scale -> Rules.positive "jumprelu_tanh_scale" scale
           | _ -> [])
        @ AuxK.rules jump.AuxK

    // The scale stands there with every mode, as in the reference's files.
    let private sparsity =
        Fields.pair
            (Fields.optional
                "jumprelu_sparsity_loss_mode"
                (Codec.oneOf [ "step"; "tanh"; "quadratic" ])
                "step")
            (Fields.optional "jumprelu_tanh_scale" Codec.number 4.0)
        |> Fields.convert
            (function
            | "tanh", scale -> Ok(JumpReluSparsity.Tanh scale)
            | "quadratic", _ -> Ok JumpReluSparsity.Quadratic
            | _ -> Ok JumpReluSparsity.Step)
            (function
             | JumpReluSparsity.Tanh scale -> "tanh", scale
             | JumpReluSparsity.Quadratic -> "quadratic", 4.0
             | JumpReluSparsity.Step -> "step", 4.0)

    let private parameter =
        Codec.named
            [ "threshold", ThresholdParameter.Direct; "log_threshold", ThresholdParameter.Log ]

    let fields =
        let number name fallback part =
            Fields.optional name Codec.number fallback |> Fields.from part

        Fields.fields<JumpRelu> {
            let! threshold = number "jumprelu_init_threshold" 0.01 _.InitThreshold
            and! bandwidth = number "jumprelu_bandwidth" 0.05 _.Bandwidth
            and! sparsity = sparsity |> Fields.from _.Sparsity
            and! l0 = Coefficient.fields "l0" |> Fields.from _.L0

            and! preAct =
                Fields.optional "pre_act_loss_coefficient" (Codec.nullable Codec.number) None
                |> Fields.from _.PreActLossCoefficient

            and! parameter =
                Fields.unusual "jumprelu_parameter" parameter ThresholdParameter.Direct
                |> Fields.from _.Parameter

            and! straightThrough =
                Fields.unusual "jumprelu_straight_through" Codec.bool false
                |> Fields.from _.StraightThrough

            and! auxK = AuxK.fields 0.0 |> Fields.from _.AuxK

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
