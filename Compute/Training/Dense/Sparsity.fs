namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// Losses that make latents rare or small (REFERENCE §9.2, 9.6, 9.7).
module Sparsity =
    /// ‖row‖_p of values of at least 0, mean over the batch.
    let private meanNorm p (values: Traced) =
        if p = 1.0 then
            Traced.batchMean values
        else
            values |> Traced.power p |> Traced.sumRows |> Traced.power (1.0 / p) |> Traced.batchMean

    let private standard (batch: DenseBatch) (forward: DenseForward) (standard: Standard) =
        let sizes = forward.Feature_acts * batch.DecoderNorms
        [ LossNames.L1, batch.Settings.Coefficient * meanNorm standard.LpNorm sizes ]

    /// The gate's own reconstruction teaches it; the decoder is not cut off.
    let private gated (batch: DenseBatch) (forward: DenseForward) =
        let gate = Traced.relu forward.Hidden_pre
        let sizes = Traced.batchMean (gate * batch.DecoderNorms)
        let error = Encoders.decode batch gate - batch.X

        [ LossNames.L1, batch.Settings.Coefficient * sizes
          LossNames.Auxiliary, DenseLoss.squaredError error ]

    /// λ times the L0, a smooth count that stands for it, or how far it is from its target.
    let private count (batch: DenseBatch) (forward: DenseForward) (jump: JumpRelu) theta =
        let l0 () =
            Traced.batchMean (JumpReluThreshold.step batch jump theta forward.Hidden_pre)

        match jump.Sparsity with
        | JumpReluSparsity.Step -> l0 ()
        | JumpReluSparsity.Tanh scale ->
            Traced.batchMean (Traced.tanh (scale * (forward.Feature_acts * batch.DecoderNorms)))
        | JumpReluSparsity.Quadratic ->
            let one = Traced.constant (Array2D.create 1 1 1.0)
            Traced.square (1.0 / batch.Settings.TargetL0 * l0 () - one)

    /// c · mean over samples of Σ over dead j of relu(θ_j − pre_j) ‖W_dec,j‖.
    let private preAct (batch: DenseBatch) (forward: DenseForward) theta coefficient =
        let dead = Array2D.init 1 batch.Spec.DSae (fun _ j -> batch.Settings.Dead[j])
        let below = Traced.relu (theta - forward.Hidden_pre) * batch.DecoderNorms
        coefficient * Traced.batchMean (Traced.where dead below)

    let private jumpRelu (batch: DenseBatch) (forward: DenseForward) (jump: JumpRelu) =
        let theta = JumpReluThreshold.theta batch jump

        [ LossNames.L0, batch.Settings.Coefficient * count batch forward jump theta
          match jump.PreActLossCoefficient with
          | Some coefficient -> LossNames.PreAct, preAct batch forward theta coefficient
          | None -> () ]

    /// The losses of an architecture beside the error and AuxK, by the names under which the reference logs them.
    let losses (batch: DenseBatch) (forward: DenseForward) : (string * Traced) list =
        match batch.Architecture with
        | SaeArchitecture.Standard settings -> standard batch forward settings
        | SaeArchitecture.Gated _ -> gated batch forward
        | SaeArchitecture.JumpRelu jump -> jumpRelu batch forward jump
        | SaeArchitecture.Matryoshka(_, _, _, levels) ->
            DenseLevels.innerErrors batch forward levels
            @ DenseLevels.penalties batch forward levels
        | SaeArchitecture.TopK _
        | SaeArchitecture.AbsTopK _
        | SaeArchitecture.BatchTopK _
        | SaeArchitecture.MatchingPursuit _ -> []
