namespace SynthSae.Compute.Baselines

open System
open SynthSae.Compute

/// Thresholds fitted on samples.
type Thresholds =
    {
        /// The one with which as many scores exceed it as were to be kept.
        Global: float32
        /// (L): the best for each feature's F1; the global one where the samples do not tell.
        Own: float32[]
    }

module Thresholds =
    /// Latents whose scores are held at a time.
    [<Literal>]
    let private Block = 256

    /// The bits of a positive float without the last eleven: its bin, relative width 2⁻¹².
    [<Literal>]
    let private Shift = 11

    let private bins = 1 <<< (31 - Shift)

    /// (L): the rows of `truth` in which each of the first features is active.
    let private activeRows (truth: Codes) width =
        let rows = Array.init width (fun _ -> ResizeArray<int>())

        for row in 0 .. truth.Rows - 1 do
            for feature in truth.RowIndex row do
                if feature < width then
                    rows[feature].Add row

        rows |> Array.map _.ToArray()

    /// Count the positive scores by bin.
    let private countBins (scores: Span<float32>) (counts: int64[]) =
        for score in scores do
            if score > 0.0f then
                let bin = int (BitConverter.SingleToUInt32Bits score >>> Shift)
                counts[bin] <- counts[bin] + 1L

    /// The lower edge of the bin that holds the score of rank `keep`; 0 if there are fewer, ∞ for rank 0.
    let private ofRank (counts: int64[]) (keep: int64) =
        let mutable bin = bins
        let mutable above = 0L

        while bin > 0 && above < keep do
            bin <- bin - 1
            above <- above + counts[bin]

        if keep <= 0L then infinityf
        elif above < keep then 0.0f
        else BitConverter.UInt32BitsToSingle(uint32 bin <<< Shift)

    /// The scores > 0 that are at least the smallest active one's, descending, and whether each is active; the
    /// largest one below, at least 0.
    let private ranked (scores: Span<float32>) (active: int[]) =
        let isActive = Array.zeroCreate scores.Length
        let mutable least = infinityf

        for row in active do
            isActive[row] <- true

            if scores[row] > 0.0f then
                least <- min least scores[row]

        let keys, flags = ResizeArray<float32>(), ResizeArray<bool>()
        let mutable below = 0.0f

        for row in 0 .. scores.Length - 1 do
            if scores[row] >= least then
                keys.Add -scores[row]
                flags.Add isActive[row]
            else
                below <- max below scores[row]

        let keys, flags = keys.ToArray(), flags.ToArray()
        Array.Sort(keys, flags)
        struct (Array.map (~-) keys, flags, below)

    /// The threshold with the largest F1 of `score > threshold` as a sign of activity: midway between the last score
    /// above it and the first below. None where no active sample has a positive score.
    let bestForF1 (scores: Span<float32>) (active: int[]) : float32 option =
        let struct (scores, isActive, below) = ranked scores active
        let mutable best = 0.0
        let mutable threshold = None
        let mutable hits = 0

        for rank in 0 .. scores.Length - 1 do
            if isActive[rank] then
                hits <- hits + 1

            let next = if rank + 1 < scores.Length then scores[rank + 1] else below
            // 2 TP / (fired + active).
            let f1 = 2.0 * float hits / float (rank + 1 + active.Length)

            if next < scores[rank] && f1 > best then
                best <- f1
                threshold <- Some(0.5f * (scores[rank] + next))

        threshold

    /// Fit both kinds for the pre-activations of `sae` on x (B, D), with the true features; `keep` scores per sample
    /// are to exceed the global threshold.
    let fit backend (sae: Sae) (x: Matrix) (truth: Codes) (keep: float) : Thresholds =
        let threads = Backend.threads backend
        let active = activeRows truth sae.Latents
        let own = Array.create sae.Latents None
        let counts = Array.init threads (fun _ -> (Array.zeroCreate bins: int64[]))

        let offset latent =
            let row = sae.Encoder.Row latent
            let mutable sum = float sae.EncoderBias[latent]

            if sae.ApplyDecoderBiasToInput then
                for d in 0 .. row.Length - 1 do
                    sum <- sum - float row[d] * float sae.DecoderBias[d]

            float32 sum

        for first in 0..Block .. sae.Latents - 1 do
            let size = min Block (sae.Latents - first)
            let rows = Matrix(size, sae.Dim)
            sae.Encoder.Span.Slice(first * sae.Dim, rows.Length).CopyTo rows.Span
            let scores = Matrix(size, x.Rows)
            Products.multiply backend false rows true x scores

            Threads.iter threads size (fun worker row ->
                let latent = first + row
                let shift = offset latent
                let scores = scores.Row row

                for sample in 0 .. scores.Length - 1 do
                    scores[sample] <- scores[sample] + shift

                countBins scores counts[worker]
                own[latent] <- bestForF1 scores active[latent])

        let total = Array.reduce (Array.map2 (+)) counts
        let common = ofRank total (int64 (Math.Round(keep * float x.Rows)))

        { Global = common
          Own = own |> Array.map (Option.defaultValue common) }
