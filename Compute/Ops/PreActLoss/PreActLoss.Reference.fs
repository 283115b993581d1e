namespace SynthSae.Compute.Ops

open SynthSae.Compute

module PreActLossReference =
    /// The loss. `theta` (L) are the thresholds, `norms` (L) the decoder's, `dead` the dead latents, ascending.
    let run
        (coefficient: float)
        (sae: Sae)
        (input: Matrix)
        (pre: Matrix)
        (theta: float32[])
        (norms: float32[])
        (dead: int[])
        (gradients: Parameters)
        (byNorm: float32[])
        : float =
        PreActLoss.check sae theta byNorm
        let weight = coefficient / float pre.Rows

        dead
        |> Array.sumBy (fun j ->
            let below = [ 0 .. pre.Rows - 1 ] |> List.filter (fun row -> pre[row, j] < theta[j])
            let slope = weight * float norms[j]
            let sum = below |> List.sumBy (fun row -> float theta[j] - float pre[row, j])
            let count = float below.Length
            gradients.EncoderBias[j] <- float32 (float gradients.EncoderBias[j] - slope * count)
            gradients.Threshold[j] <- float32 (float gradients.Threshold[j] + slope * count)
            byNorm[j] <- float32 (float byNorm[j] + weight * sum)

            for d in 0 .. sae.Dim - 1 do
                let inputs = below |> List.sumBy (fun row -> float input[row, d])
                gradients.Encoder[j, d] <- float32 (float gradients.Encoder[j, d] - slope * inputs)

            slope * sum)
