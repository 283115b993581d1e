namespace SynthSae.Compute

open System

/// Collects the metrics' sums batch by batch, apart for each block of samples that the jackknife leaves
/// out in turn. Costs O(entries + B·D) per batch, nothing of the order of N or L. The result does not depend
/// on threads.
[<Sealed>]
type MetricAccumulator
    (threads: int, matching: Matching, features: int, dim: int, samples: int64, blocks: int) =
    let blockCount = int (min samples (int64 blocks))

    let sums =
        Array.init blockCount (fun _ -> MetricSums.zero matching.BestFeature.Length features dim)

    /// Number of the last sample in which a feature was active.
    let lastActive: int64[] = Array.create features -1L

    let mutable seen = 0L
    let mutable squaredNorm: float[] = [||]
    let mutable squaredError: float[] = [||]
    let mutable squaredHat: float[] = [||]

    let blockOf sample =
        int (sample * int64 blockCount / samples)

    let countRow
        (block: MetricSums)
        sample
        (truth: ReadOnlySpan<int>)
        (latents: ReadOnlySpan<int>)
        =
        for feature in truth do
            lastActive[feature] <- sample
            block.Active[feature] <- block.Active[feature] + 1L

        for latent in latents do
            block.Fires[latent] <- block.Fires[latent] + 1L

            if lastActive[matching.BestFeature[latent]] = sample then
                block.Hits[latent] <- block.Hits[latent] + 1L

        block.Samples <- block.Samples + 1L
        block.TrueEntries <- block.TrueEntries + int64 truth.Length
        block.LatentEntries <- block.LatentEntries + int64 latents.Length

    let measureRow (x: Matrix) (xHat: Matrix) row =
        let values = x.Row row
        let guesses = xHat.Row row
        let mutable norm = 0.0
        let mutable error = 0.0
        let mutable hat = 0.0

        for d in 0 .. values.Length - 1 do
            let value = float values[d]
            let guess = float guesses[d]
            norm <- norm + value * value
            hat <- hat + guess * guess
            error <- error + (value - guess) * (value - guess)

        squaredNorm[row] <- norm
        squaredError[row] <- error
        squaredHat[row] <- hat

    let addRow (block: MetricSums) row =
        block.SquaredNorm <- block.SquaredNorm + squaredNorm[row]
        block.SquaredError <- block.SquaredError + squaredError[row]

        if sqrt squaredNorm[row] > 1e-6 then
            block.NormRatio <- block.NormRatio + sqrt (squaredHat[row] / squaredNorm[row])
            block.NormRatios <- block.NormRatios + 1L

    let addColumns first (x: Matrix) firstColumn lastColumn =
        for row in 0 .. x.Rows - 1 do
            let sum = sums[blockOf (first + int64 row)].Sum
            let values = x.Row row

            for d in firstColumn .. lastColumn - 1 do
                sum[d] <- sum[d] + float values[d]

    /// The next batch: true features (B, N), latents (B, L), x and its reconstruction (B, D).
    member _.Add(truth: Codes, latents: Codes, x: Matrix, xHat: Matrix) =
        if seen + int64 x.Rows > samples then
            invalidArg (nameof x) $"more than the {samples} samples that were announced"

        if squaredNorm.Length < x.Rows then
            squaredNorm <- Array.zeroCreate x.Rows
            squaredError <- Array.zeroCreate x.Rows
            squaredHat <- Array.zeroCreate x.Rows

        let first = seen

        Threads.ranges threads x.Rows 64 (fun _ firstRow lastRow ->
            for row in firstRow .. lastRow - 1 do
                measureRow x xHat row)

        // Each worker has columns of its own, so that a column's sum keeps the order of the rows.
        Threads.ranges threads dim 64 (fun _ firstColumn lastColumn ->
            addColumns first x firstColumn lastColumn)

        for row in 0 .. x.Rows - 1 do
            let sample = first + int64 row
            let block = sums[blockOf sample]
            countRow block sample (truth.RowIndex row) (latents.RowIndex row)
            addRow block row

        seen <- seen + int64 x.Rows

    /// Samples so far.
    member _.Seen = seen

    /// The sums of each block.
    member _.Blocks = sums
