namespace SynthSae.Compute

open System
open SynthSae.Spec

/// Mean and standard deviation of the magnitude with which each feature fires.
module Magnitudes =
    let private clamp (least: float option) (most: float option) (value: float32) =
        let value = least |> Option.fold (fun v bound -> max v (float32 bound)) value
        most |> Option.fold (fun v bound -> min v (float32 bound)) value

    /// A vector (N) of a specification. `seed` is the reference's for this vector: the model's seed
    /// plus 1 for standard deviations, plus 2 for means.
    let compile (seed: int64) (numFeatures: int) (magnitude: Magnitude) : float32[] =
        match magnitude with
        | Magnitude.Constant value -> Array.create numFeatures (float32 value)
        | Magnitude.Linear(first, last) -> FiringProbabilities.linspace numFeatures first last
        | Magnitude.Exponential(first, last) ->
            let steps = float (max 1 (numFeatures - 1))

            Array.init numFeatures (fun i ->
                float32 (first * Math.Pow(last / first, float i / steps)))
        | Magnitude.FoldedNormal(mean, std, least, most) ->
            TorchRandom.randn numFeatures seed
            |> Array.map (fun z -> clamp least most (abs (float32 mean + float32 std * z)))
        | Magnitude.Explicit values -> Array.map float32 values
