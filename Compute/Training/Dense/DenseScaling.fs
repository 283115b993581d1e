namespace SynthSae.Compute.Training

open System
open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// What each sample is shifted and scaled by before the SAE sees it, and its reconstruction back
/// (REFERENCE §8.3): (x − shift)·inward, x̂·outward + shift. Each is (B, 1).
type DenseScaling = { Shift: Traced; Inward: Traced; Outward: Traced }

module DenseScaling =
    let private ofRow normalization (row: float[]) =
        let dim = float row.Length

        match normalization with
        | ActivationNormalization.LayerNorm ->
            let mean = Array.average row

            let deviation = sqrt (Array.sumBy (fun x -> (x - mean) ** 2.0) row / (dim - 1.0))

            mean, 1.0 / (deviation + InputScale.Epsilon), deviation
        | _ ->
            let norm = sqrt (Array.sumBy (fun x -> x * x) row)
            0.0, sqrt dim / norm, norm / sqrt dim

    /// Of a batch x (B, D); `None` where samples are not scaled one by one.
    let ofBatch normalization (x: float[,]) : DenseScaling option =
        match normalization with
        | ActivationNormalization.None
        | ActivationNormalization.ExpectedAverage -> None
        | ActivationNormalization.ConstantNorm
        | ActivationNormalization.LayerNorm ->
            let terms = Array.init (DenseAlgebra.rows x) (fun b -> ofRow normalization x[b, *])

            let column part =
                Array2D.init terms.Length 1 (fun b _ -> part terms[b]) |> Traced.constant

            Some
                { Shift = column (fun (shift, _, _) -> shift)
                  Inward = column (fun (_, inward, _) -> inward)
                  Outward = column (fun (_, _, outward) -> outward) }
