namespace SynthSae.Compute.Training

open System
open SynthSae.Spec

/// How much room a step on a GPU sets aside.
module CudaRoom =
    /// The most latents of one sample that a step may keep of an SAE on R^D.
    let stride (plan: StepPlan) (dim: int) : int =
        // The most that any step is told to keep; NaN where a coefficient decides.
        let scheduled =
            let last = max 0 (int plan.Steps - 1) * 1<step>
            max (plan.K 0<step>) (plan.K last)

        match plan.Architecture with
        | SaeArchitecture.TopK _
        | SaeArchitecture.AbsTopK _ -> min plan.Sae.DSae (int (ceil scheduled))
        | SaeArchitecture.MatchingPursuit _ ->
            if Double.IsNaN scheduled then dim else int (ceil scheduled)
        | _ -> plan.Sae.DSae
