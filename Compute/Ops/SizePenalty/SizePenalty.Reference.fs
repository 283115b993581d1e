namespace SynthSae.Compute.Ops

open SynthSae.Compute

module SizePenaltyReference =
    /// The loss; slopes are added to `extra` (by entry) and `byNorm` (L). `norms` (L) are ‖W_dec,j‖.
    let run
        (penalty: Penalty)
        (norms: float32[])
        (codes: Codes)
        (extra: float32[])
        (byNorm: float32[])
        : float =
        let batch = float codes.Rows
        let sums = Array.map float byNorm
        let mutable loss = 0.0

        for row in 0 .. codes.Rows - 1 do
            let entries = [ codes.RowStart[row] .. codes.RowStart[row + 1] - 1 ]

            let size entry =
                float codes.Value[entry] * float norms[codes.Index[entry]]

            let total =
                entries
                |> List.sumBy (fun entry ->
                    SizePenalty.term penalty codes.Index[entry] (size entry))

            loss <- loss + SizePenalty.ofRow penalty total / batch

            for entry in entries do
                let latent = codes.Index[entry]
                let slope = SizePenalty.slope penalty latent (size entry) total / batch
                extra[entry] <- float32 (float extra[entry] + slope * float norms[latent])
                sums[latent] <- sums[latent] + slope * float codes.Value[entry]

        for latent in 0 .. sums.Length - 1 do
            byNorm[latent] <- float32 sums[latent]

        loss
