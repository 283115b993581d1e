namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// JumpReLU and the step function with pseudo-derivatives (REFERENCE §9.6; Rajamanoharan et al. 2024): θ moves
/// by those entries alone that lie within half a bandwidth of it.
///
/// They are the true derivatives of what the functions are on average when each pre-activation is shifted by
/// noise uniform in ±bandwidth/2: E[t·[t > θ]] with t = pre + noise has ∂/∂θ = −θ/bandwidth inside and 0
/// outside, and its ∂/∂pre has +θ/bandwidth there, which is what `StraightThrough` adds.
module JumpReluThreshold =
    /// θ (1, L).
    let theta (batch: DenseBatch) (jump: JumpRelu) : Traced =
        match jump.Parameter with
        | ThresholdParameter.Direct -> Traced.relu batch["threshold"]
        | ThresholdParameter.Log -> Traced.exp batch["log_threshold"]

    /// [pre > θ] and the rectangle |pre − θ| < bandwidth/2 (B, L).
    let private marks (batch: DenseBatch) (jump: JumpRelu) (theta: Traced) (pre: Traced) =
        let compare holds =
            DenseAlgebra.map2
                (fun pre theta -> if holds pre theta then 1.0 else 0.0)
                pre.Value
                theta.Value
            |> Array2D.map (fun mark -> mark = 1.0)
            |> batch.Choose

        let near pre theta =
            abs ((pre - theta) / jump.Bandwidth) < 0.5

        compare (>), compare near

    let private numbers = Array2D.map (fun mark -> if mark then 1.0 else 0.0)

    /// A value whose derivative by θ is −`inside`, and by pre `own`, with `inside` added straight through.
    let private given (jump: JumpRelu) value own (theta: Traced) (pre: Traced) (inside: float[,]) =
        let through = if jump.StraightThrough then DenseAlgebra.map2 (+) own inside else own
        Traced.given value [ pre, through; theta, Array2D.map (~-) inside ]

    /// [pre > θ], and pre·[pre > θ].
    let jumpRelu (batch: DenseBatch) jump theta (pre: Traced) : bool[,] * Traced =
        let fires, near = marks batch jump theta pre
        let value = DenseAlgebra.map2 (*) pre.Value (numbers fires)
        let height = Array2D.map (fun theta -> theta / jump.Bandwidth) theta.Value

        fires,
        given jump value (numbers fires) theta pre (DenseAlgebra.map2 (*) (numbers near) height)

    /// [pre > θ] as a number.
    let step (batch: DenseBatch) jump theta (pre: Traced) : Traced =
        let fires, near = marks batch jump theta pre
        let height = Array2D.map (fun near -> near / jump.Bandwidth) (numbers near)
        given jump (numbers fires) (Array2D.map (fun _ -> 0.0) pre.Value) theta pre height
