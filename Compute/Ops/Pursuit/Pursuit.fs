namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

/// Matching pursuit (reference: `MatchingPursuitSAE`), and back-propagation through it. There is no encoder: each
/// sample x' (D) is taken apart along the decoder's rows W (L, D), from the residual r_0 = x':
///
///   j_t = argmax_j r_{t−1}·W_j (of equals the lowest)    v_t = relu(r_{t−1}·W_{j_t})    r_t = r_{t−1} − v_t W_{j_t}
///
/// until `MaxIterations`, until v_t = 0, until an iteration adds no new latent (`StopOnDuplicateSupport`), or until
/// ‖r_t‖ < `ResidualThreshold`. The iteration that ends a sample counts. Values are not divided by ‖W_j‖².
///
/// The *path* of a batch is a `Codes` buffer whose rows hold (j_t, v_t) in the order of selection, where a latent can
/// come again; the *codes* are its sums f_j = Σ v_t by ascending latent. Both are outputs.
///
/// Gradients take the selection as constant. Given g (B, D) = dLoss/dx̂, backwards from ν_T = g, for each sample:
///
///   δ_t = ν_t·W_{j_t}      dW_{j_t} += δ_t r_{t−1} + v_t ν_t      ν_{t−1} = ν_t − δ_t W_{j_t}
///
/// and db_dec = Σ_b ν_0 where the SAE subtracts its bias from the input and adds it to the output, else nothing. They
/// are added to what the gradients hold.
///
/// Tolerance of values and gradients against the reference: 1e-5 of the sample's norm and of the largest gradient.
/// Selections can differ only where two scores, or ‖r_t‖ and the threshold, lie within that tolerance: then what
/// follows in that sample differs too. Cost: 2·B·D·L FLOP for the first scores, and for T iterations either L²·D for
/// the decoder's Gram matrix and 2·B·T·L, or 2·B·T·D·L; 10·B·T·D for the gradients.
module Pursuit =
    /// When the SAE's pursuit ends; raises for another activation.
    let limits (sae: Sae) =
        match sae.Activation with
        | Activation.Pursuit limits -> limits
        | _ -> invalidArg (nameof sae) "not a matching-pursuit SAE"

    /// Raises when the shapes do not fit.
    let check (sae: Sae) (centred: Matrix) (path: Codes) (codes: Codes) =
        if centred.Cols <> sae.Dim || path.Width <> sae.Latents || codes.Width <> sae.Latents then
            invalidArg
                (nameof centred)
                $"({centred.Rows}, {centred.Cols}) is not encoded by ({sae.Latents}, {sae.Dim}) into codes of {path.Width} and {codes.Width}"

    /// Raises when the shapes do not fit.
    let checkBackward
        (sae: Sae)
        (centred: Matrix)
        (path: Codes)
        (outputGradient: Matrix)
        (decoderGradient: Matrix)
        (biasGradient: float32[])
        =
        let shape (matrix: Matrix) = struct (matrix.Rows, matrix.Cols)

        if
            shape centred <> struct (path.Rows, sae.Dim)
            || shape outputGradient <> shape centred
            || shape decoderGradient <> shape sae.Decoder
            || biasGradient.Length <> sae.Dim
        then
            invalidArg
                (nameof outputGradient)
                "gradients, inputs and the SAE differ in their shapes"

    /// Whether a sample is finished by an iteration that chose `latent` after those of `before` and left a residual of
    /// this squared norm.
    let isLast (limits: PursuitLimits) (before: ReadOnlySpan<int>) (latent: int) (square: float) =
        before.Length + 1 >= limits.MaxIterations
        || (limits.StopOnDuplicateSupport && before.Contains latent)
        || (limits.ResidualThreshold > 0.0 && Math.Sqrt square < limits.ResidualThreshold)

    /// The codes of a path: each latent's values added up in the order of selection.
    let merge (path: Codes) (codes: Codes) =
        codes.Reset(path.Rows, path.Count)
        let mutable next = 0
        let mutable order: int64[] = [||]

        for row in 0 .. path.Rows - 1 do
            let first = path.RowStart[row]
            let count = path.RowStart[row + 1] - first
            codes.RowStart[row] <- next

            if order.Length < count then
                order <- Array.zeroCreate (2 * count)

            for t in 0 .. count - 1 do
                order[t] <- (int64 path.Index[first + t] <<< 32) + int64 t

            order.AsSpan(0, count).Sort()

            for place in order.AsSpan(0, count) do
                let latent, value = int (place >>> 32), path.Value[first + int (int32 place)]

                if next > codes.RowStart[row] && codes.Index[next - 1] = latent then
                    codes.Value[next - 1] <- codes.Value[next - 1] + value
                else
                    codes.Index[next] <- latent
                    codes.Value[next] <- value
                    next <- next + 1

        codes.RowStart[path.Rows] <- next
