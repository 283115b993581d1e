namespace SynthSae.Compute

/// Collects the sums of the metrics that need no truth batch by batch, apart for each block of samples that the
/// jackknife leaves out in turn. Costs O(entries + B·D) per batch, nothing of the order of L. The result does not
/// depend on threads.
[<Sealed>]
type UnsupervisedAccumulator(threads: int, latents: int, dim: int, samples: int64, blocks: int) =
    let blocks = SampleBlocks.create samples blocks
    let sums = Array.init blocks.Count (fun _ -> UnsupervisedSums.zero latents dim)
    let mutable seen = 0L
    let mutable squaredNorm: float[] = [||]
    let mutable squaredError: float[] = [||]
    let mutable squaredHat: float[] = [||]

    let countRow (block: UnsupervisedSums) (fires: System.ReadOnlySpan<int>) =
        for latent in fires do
            block.Fires[latent] <- block.Fires[latent] + 1L

        block.Samples <- block.Samples + 1L
        block.LatentEntries <- block.LatentEntries + int64 fires.Length

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

    let addRow (block: UnsupervisedSums) row =
        block.SquaredNorm <- block.SquaredNorm + squaredNorm[row]
        block.SquaredError <- block.SquaredError + squaredError[row]

        if sqrt squaredNorm[row] > 1e-6 then
            block.NormRatio <- block.NormRatio + sqrt (squaredHat[row] / squaredNorm[row])
            block.NormRatios <- block.NormRatios + 1L

    let addColumns first (x: Matrix) firstColumn lastColumn =
        for row in 0 .. x.Rows - 1 do
            let sum = sums[blocks.Of(first + int64 row)].Sum
            let values = x.Row row

            for d in firstColumn .. lastColumn - 1 do
                sum[d] <- sum[d] + float values[d]

    /// The next batch: latents (B, L), x and its reconstruction (B, D).
    member _.Add(latents: Codes, x: Matrix, xHat: Matrix) =
        blocks.Check(seen, x.Rows)

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
            let block = sums[blocks.Of(first + int64 row)]
            countRow block (latents.RowIndex row)
            addRow block row

        seen <- seen + int64 x.Rows

    /// Samples so far.
    member _.Seen = seen

    /// Number of the block that a sample belongs to.
    member internal _.BlockOf(sample: int64) = blocks.Of sample

    /// The sums of each block.
    member _.Blocks = sums
