namespace SynthSae.Compute.Ops

open SynthSae.Compute

module PruneReference =
    /// z of every entry (nnz), in the order of the codes.
    let scores
        (x: Matrix)
        (codes: Codes)
        (decoder: Matrix)
        (bias: float32[])
        (norms: float32[])
        (scores: float32[])
        =
        Prune.check x codes decoder bias norms scores

        for row in 0 .. codes.Rows - 1 do
            let entries = seq { codes.RowStart[row] .. codes.RowStart[row + 1] - 1 }

            let residual =
                Array.init x.Cols (fun d ->
                    let mutable rest = float x[row, d] - float bias[d]

                    for entry in entries do
                        rest <-
                            rest - float codes.Value[entry] * float decoder[codes.Index[entry], d]

                    rest)

            for entry in entries do
                let latent = codes.Index[entry]
                let mutable projection = 0.0

                for d in 0 .. x.Cols - 1 do
                    projection <- projection + residual[d] * float decoder[latent, d]

                scores[entry] <- Prune.score projection codes.Value[entry] norms[latent]

    /// The entries with a score above the threshold.
    let keep (codes: Codes) (scores: float32[]) (threshold: float32) (kept: Codes) =
        kept.Reset(codes.Rows, codes.Count)
        let mutable next = 0
        kept.RowStart[0] <- 0

        for row in 0 .. codes.Rows - 1 do
            for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                if scores[entry] > threshold then
                    kept.Index[next] <- codes.Index[entry]
                    kept.Value[next] <- codes.Value[entry]
                    next <- next + 1

            kept.RowStart[row + 1] <- next
