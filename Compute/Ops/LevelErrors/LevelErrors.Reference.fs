namespace SynthSae.Compute.Ops

open SynthSae.Compute

module LevelErrorsReference =
    /// e_m and its squared norms; `level` (L) is the level of each latent.
    let run
        (sae: Sae)
        (codes: Codes)
        (level: int[])
        (x: Matrix)
        (errors: Matrix)
        (squares: float[])
        =
        LevelErrors.check codes level x errors
        let dense = Codes.toDense codes

        for m in 0 .. LevelErrors.count errors x - 1 do
            for row in 0 .. x.Rows - 1 do
                let target = m * x.Rows + row
                squares[target] <- 0.0

                for d in 0 .. x.Cols - 1 do
                    let mutable sum = float sae.DecoderBias[d] - float x[row, d]

                    for j in 0 .. sae.Latents - 1 do
                        if level[j] <= m then
                            sum <- sum + float dense[row, j] * float sae.Decoder[j, d]

                    errors[target, d] <- float32 sum
                    squares[target] <- squares[target] + sum * sum

    /// What the latents of each level see, from the errors.
    let gradients (weights: float[]) (detached: bool) (errors: Matrix) (seen: Matrix) =
        let levels = weights.Length
        let batch = errors.Rows / levels

        for m in 0 .. levels - 1 do
            for row in 0 .. batch - 1 do
                for d in 0 .. errors.Cols - 1 do
                    let term n =
                        weights[n] * float errors[n * batch + row, d]

                    let value =
                        if not detached then Seq.sumBy term (seq { m .. levels - 1 })
                        elif m = levels - 1 then term m
                        else term (levels - 1) + term m

                    seen[m * batch + row, d] <- float32 value
