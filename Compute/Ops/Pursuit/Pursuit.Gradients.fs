namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// The gradients of a path (see `Pursuit`) on the CPU. Each entry's share of its latent's gradient is made as one
/// row of D, sample after sample, in the place where its r_{t−1} stood; the rows are added up latent by latent in the
/// order of the samples. That is done for so many samples at a time as make a bounded number of rows.
[<Sealed>]
type internal PursuitGradients(threads: int, sae: Sae) =
    /// Floats of the rows that are kept at a time, unless one sample has more.
    static let mostElements = 24_000_000

    static let grain = 8

    let latents, dim = sae.Latents, sae.Dim
    let start: int[] = Array.zeroCreate (latents + 1)
    let next: int[] = Array.zeroCreate latents
    let mutable order: int[] = [||]
    let mutable rows = Matrix(0, dim)
    let mutable nus = Matrix(0, dim)

    let reserve samples entries =
        if nus.Rows < samples then
            nus <- Matrix(samples, dim)

        if rows.Rows < entries then
            rows <- Matrix(max entries (min (2 * rows.Rows) (mostElements / dim)), dim)
            order <- Array.zeroCreate rows.Rows

    /// The sample after those from `first` on whose entries are taken together: at least one.
    let stopAfter (path: Codes) first =
        let mutable stop = first + 1

        while stop < path.Rows
              && path.RowStart[stop + 1] - path.RowStart[first] <= mostElements / dim do
            stop <- stop + 1

        stop

    /// One sample's rows, from `firstRow` on, and its ν_0.
    let sampleRows (centred: Matrix) (path: Codes) (outputGradient: Matrix) sample firstRow =
        let first = path.RowStart[sample]
        let count = path.RowStart[sample + 1] - first

        let weights t =
            sae.Decoder.RowPtr path.Index[first + t]

        let row t = rows.RowPtr(firstRow + t)
        let nu = nus.RowPtr sample
        (outputGradient.Row sample).CopyTo(nus.Row sample)

        if count > 0 then
            (centred.Row sample).CopyTo(rows.Row firstRow)

            for t in 0 .. count - 2 do
                Simd.combine 1.0f (row t) -path.Value[first + t] (weights t) (row (t + 1)) dim

            let mutable delta = Simd.dot nu (weights (count - 1)) dim

            for t in count - 1 .. -1 .. 0 do
                let value, before = path.Value[first + t], weights (max 0 (t - 1))
                delta <- PursuitKernels.stepBack delta value (weights t) before (row t) nu dim

    /// `order` becomes the rows of the entries [first, stop) by latent, and `start` where each latent's begin.
    let sortByLatent (path: Codes) first stop =
        System.Array.Clear start

        for entry in first .. stop - 1 do
            let latent = path.Index[entry]
            start[latent + 1] <- start[latent + 1] + 1

        for latent in 0 .. latents - 1 do
            start[latent + 1] <- start[latent + 1] + start[latent]
            next[latent] <- start[latent]

        for entry in first .. stop - 1 do
            let latent = path.Index[entry]
            order[next[latent]] <- entry - first
            next[latent] <- next[latent] + 1

    /// Adds the rows to their latents' gradients.
    let gather (decoderGradient: Matrix) =
        Threads.ranges threads latents LatentGradientsCpu.Grain (fun _ first last ->
            for latent in first .. last - 1 do
                let target = decoderGradient.RowPtr latent

                for place in start[latent] .. start[latent + 1] - 1 do
                    if place + 1 < start[latent + 1] then
                        Simd.prefetch (rows.RowPtr order[place + 1]) dim

                    Simd.addScaled 1.0f (rows.RowPtr order[place]) target dim)

    /// Σ_b ν_0, added to db_dec.
    let addBias samples (biasGradient: float32[]) =
        let grain = LatentGradientsCpu.Grain
        let partial = Matrix((samples + grain - 1) / grain, dim)

        Threads.ranges threads samples grain (fun _ first last ->
            for sample in first .. last - 1 do
                Simd.addScaled 1.0f (nus.RowPtr sample) (partial.RowPtr(first / grain)) dim)

        for d in 0 .. dim - 1 do
            let mutable sum = float biasGradient[d]

            for piece in 0 .. partial.Rows - 1 do
                sum <- sum + float partial[piece, d]

            biasGradient[d] <- float32 sum

    /// Adds the gradients at a path to `decoderGradient` (L, D) and `biasGradient` (D).
    member _.Run
        (
            centred: Matrix,
            path: Codes,
            outputGradient: Matrix,
            decoderGradient: Matrix,
            biasGradient: float32[]
        ) =
        Pursuit.checkBackward sae centred path outputGradient decoderGradient biasGradient
        let mutable first = 0

        while first < path.Rows do
            let from, stop = first, stopAfter path first
            let firstEntry, stopEntry = path.RowStart[from], path.RowStart[stop]
            reserve path.Rows (stopEntry - firstEntry)

            Threads.ranges threads (stop - from) grain (fun _ a b ->
                for sample in from + a .. from + b - 1 do
                    sampleRows
                        centred
                        path
                        outputGradient
                        sample
                        (path.RowStart[sample] - firstEntry))

            sortByLatent path firstEntry stopEntry
            gather decoderGradient
            first <- stop

        if sae.ApplyDecoderBiasToInput then
            addBias path.Rows biasGradient
