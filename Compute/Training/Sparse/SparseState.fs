namespace SynthSae.Compute.Training

open System
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// What a sparse step changes: parameters and Adam's moments, in float32.
type SparseState =
    { Parameters: Parameters
      Moments: AdamState }

    /// Parameters, first and second moments.
    member state.Parts = [ state.Parameters; state.Moments.Mean; state.Moments.Square ]

module SparseState =
    let private isLog architecture =
        match architecture with
        | SaeArchitecture.JumpRelu { Parameter = ThresholdParameter.Log } -> true
        | _ -> false

    /// What is trained of an SAE: its very arrays, but for log θ where that stands in the place of θ.
    let parameters (architecture: SaeArchitecture) (sae: Sae) : Parameters =
        match sae.Activation with
        | Activation.JumpRelu threshold when isLog architecture ->
            Parameters.ofSae (Array.map MathF.Log threshold) sae
        | _ -> Parameters.ofSae [||] sae

    /// log θ among these parameters; empty where θ itself is trained.
    let logThreshold (architecture: SaeArchitecture) (parameters: Parameters) : float32[] =
        if isLog architecture then parameters.Threshold else [||]

    /// Before the first step.
    let start (parameters: Parameters) : SparseState =
        { Parameters = parameters
          Moments = ClipAdam.create parameters }
