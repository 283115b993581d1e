namespace SynthSae.Compute

open System

/// Collects the metrics' sums batch by batch: those that need no truth, and beside them how often features and
/// latents are active together. Costs O(entries + B·D) per batch, nothing of the order of N or L. The result does
/// not depend on threads.
[<Sealed>]
type MetricAccumulator
    (threads: int, matching: Matching, features: int, dim: int, samples: int64, blocks: int) =
    let latents = matching.BestFeature.Length
    let unsupervised = UnsupervisedAccumulator(threads, latents, dim, samples, blocks)
    let sums = unsupervised.Blocks |> Array.map (MetricSums.create features)

    /// Number of the last sample in which a feature was active.
    let lastActive: int64[] = Array.create features -1L

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
            if lastActive[matching.BestFeature[latent]] = sample then
                block.Hits[latent] <- block.Hits[latent] + 1L

        block.TrueEntries <- block.TrueEntries + int64 truth.Length

    /// The next batch: true features (B, N), latents (B, L), x and its reconstruction (B, D).
    member _.Add(truth: Codes, latents: Codes, x: Matrix, xHat: Matrix) =
        let first = unsupervised.Seen
        unsupervised.Add(latents, x, xHat)

        for row in 0 .. x.Rows - 1 do
            let sample = first + int64 row
            let block = sums[unsupervised.BlockOf sample]
            countRow block sample (truth.RowIndex row) (latents.RowIndex row)

    /// Samples so far.
    member _.Seen = unsupervised.Seen

    /// The sums of each block.
    member _.Blocks = sums
