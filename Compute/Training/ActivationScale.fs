namespace SynthSae.Compute.Training

open System
open SynthSae.Compute

/// The factor that gives inputs the norm √D on average (reference: `expected_average_only_in`, REFERENCE §8.3).
module ActivationScale =
    let private meanNorm (x: Matrix) =
        let mutable sum = 0.0

        for row in 0 .. x.Rows - 1 do
            sum <- sum + Math.Sqrt(Rows.squaredNormAt x row)

        sum / float x.Rows

    /// √D / mean ‖x‖, the mean of the batches' means. `batch` returns the batch of a number from 0. Raises
    /// `BadInput` when all are zero.
    let estimate (batches: int) (batch: int -> Matrix) : float =
        let mutable sum = 0.0
        let mutable dim = 0

        for number in 0 .. batches - 1 do
            let x = batch number
            dim <- x.Cols
            sum <- sum + meanNorm x

        if sum <= 0.0 || not (Double.IsFinite sum) then
            raise (
                BadInput("normalize_activations", "needs activations that are finite and not all 0")
            )

        Math.Sqrt(float dim) * float batches / sum

    /// Write x (B, D), multiplied with the scale, to `target`.
    let apply (scale: float) (x: Matrix) (target: Matrix) =
        Simd.combine (float32 scale) x.Ptr 0.0f x.Ptr target.Ptr x.Length
