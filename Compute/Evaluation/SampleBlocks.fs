namespace SynthSae.Compute

/// Samples 0, 1, … in blocks of neighbours of about equal size, which the jackknife leaves out in turn.
[<Struct>]
type SampleBlocks =
    {
        Samples: int64
        /// Number of blocks.
        Count: int
    }

    /// Block of a sample.
    member blocks.Of(sample: int64) =
        int (sample * int64 blocks.Count / blocks.Samples)

    /// Raises when `rows` samples after the first `seen` are more than there are.
    member blocks.Check(seen: int64, rows: int) =
        if seen + int64 rows > blocks.Samples then
            invalidArg (nameof rows) $"more than the {blocks.Samples} samples that were announced"

module SampleBlocks =
    /// So many blocks, or one for each sample if these are fewer.
    let create (samples: int64) (blocks: int) : SampleBlocks =
        { Samples = samples
          Count = int (min samples (int64 blocks)) }
