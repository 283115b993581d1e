namespace SynthSae.Compute.Ops

open SynthSae.Compute

module PreActLossCpu =
    [<Literal>]
    let private Grain = 16

    /// The loss. `theta` (L) are the thresholds, `norms` (L) the decoder's, `dead` the dead latents, ascending.
    let run
        threads
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
        let losses: float[] = Array.zeroCreate dead.Length

        // (B, n): 1 where a dead latent lies below its threshold.
        let below = Matrix(pre.Rows, dead.Length)

        Threads.ranges threads dead.Length Grain (fun _ first last ->
            for i in first .. last - 1 do
                let j = dead[i]
                let mutable sum = 0.0
                let mutable count = 0

                for row in 0 .. pre.Rows - 1 do
                    if pre[row, j] < theta[j] then
                        below[row, i] <- 1.0f
                        sum <- sum + float (theta[j] - pre[row, j])
                        count <- count + 1

                let slope = weight * float norms[j]
                losses[i] <- slope * sum
                let step = float32 (slope * float count)
                gradients.EncoderBias[j] <- gradients.EncoderBias[j] - step
                gradients.Threshold[j] <- gradients.Threshold[j] + step
                byNorm[j] <- byNorm[j] + float32 (weight * sum))

        let inputs = Matrix(dead.Length, sae.Dim)
        GemmCpu.multiply threads true below false input inputs

        for i in 0 .. dead.Length - 1 do
            let slope = float32 (weight * float norms[dead[i]])
            Simd.addScaled -slope (inputs.RowPtr i) (gradients.Encoder.RowPtr dead[i]) sae.Dim

        Array.sum losses
