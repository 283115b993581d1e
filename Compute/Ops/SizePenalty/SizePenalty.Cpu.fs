namespace SynthSae.Compute.Ops

open SynthSae.Compute

module SizePenaltyCpu =
    [<Literal>]
    let private Grain = 32

    /// The loss; slopes are added to `extra` (by entry) and `byNorm` (L). `norms` (L) are ‖W_dec,j‖.
    let run
        threads
        (penalty: Penalty)
        (norms: float32[])
        (codes: Codes)
        (extra: float32[])
        (byNorm: float32[])
        : float =
        let batch = float codes.Rows
        let slopes: float32[] = Array.zeroCreate codes.Count
        let losses: float[] = Array.zeroCreate codes.Rows

        Threads.ranges threads codes.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                let mutable total = 0.0

                for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                    let latent = codes.Index[entry]
                    let size = float (codes.Value[entry] * norms[latent])
                    total <- total + SizePenalty.term penalty latent size

                losses[row] <- SizePenalty.ofRow penalty total

                for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                    let latent = codes.Index[entry]
                    let size = float (codes.Value[entry] * norms[latent])
                    let slope = float32 (SizePenalty.slope penalty latent size total / batch)
                    slopes[entry] <- slope
                    extra[entry] <- extra[entry] + slope * norms[latent])

        // In the order of the entries: one thread, so that the bits do not depend on their number.
        for entry in 0 .. codes.Count - 1 do
            let latent = codes.Index[entry]
            byNorm[latent] <- byNorm[latent] + slopes[entry] * codes.Value[entry]

        Array.sum losses / batch
