namespace SynthSae.Compute.Ops

open SynthSae.Compute

module PruneCpu =
    /// Samples per piece of work.
    [<Literal>]
    let private Grain = 64

    let private scoreRow
        (x: Matrix)
        (codes: Codes)
        (decoder: Matrix)
        (bias: float32[])
        (norms: float32[])
        (scores: float32[])
        (rest: nativeptr<float32>)
        row
        =
        DecodeCodesCpu.sample (codes.RowIndex row) (codes.RowValue row) decoder bias rest
        Simd.subtract (x.RowPtr row) rest rest x.Cols

        for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
            let latent = codes.Index[entry]
            let projection = Simd.dot rest (decoder.RowPtr latent) x.Cols
            scores[entry] <- Prune.score (float projection) codes.Value[entry] norms[latent]

    /// z of every entry (nnz), in the order of the codes.
    let scores
        threads
        (x: Matrix)
        (codes: Codes)
        (decoder: Matrix)
        (bias: float32[])
        (norms: float32[])
        (scores: float32[])
        =
        Prune.check x codes decoder bias norms scores

        let residuals = Matrix(threads, x.Cols)

        Threads.ranges threads codes.Rows Grain (fun worker first last ->
            for row in first .. last - 1 do
                scoreRow x codes decoder bias norms scores (residuals.RowPtr worker) row)

    let private copyRow (codes: Codes) (scores: float32[]) (threshold: float32) (kept: Codes) row =
        let mutable next = kept.RowStart[row]

        for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
            if scores[entry] > threshold then
                kept.Index[next] <- codes.Index[entry]
                kept.Value[next] <- codes.Value[entry]
                next <- next + 1

    let private countRow (codes: Codes) (scores: float32[]) (threshold: float32) row =
        let mutable count = 0

        for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
            if scores[entry] > threshold then
                count <- count + 1

        count

    /// The entries with a score above the threshold.
    let keep threads (codes: Codes) (scores: float32[]) (threshold: float32) (kept: Codes) =
        kept.Reset(codes.Rows, codes.Count)
        let starts = kept.RowStart
        starts[0] <- 0

        Threads.ranges threads codes.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                starts[row + 1] <- countRow codes scores threshold row)

        for row in 0 .. codes.Rows - 1 do
            starts[row + 1] <- starts[row + 1] + starts[row]

        Threads.ranges threads codes.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                copyRow codes scores threshold kept row)
