namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Counters of Philox blocks to be drawn, and the words.
[<Sealed>]
type internal Requests() =
    let block = Pinned<uint64> 1024
    let row = Pinned<uint64> 1024
    let words = Pinned<uint32> 4096

    member _.Block = block.Ptr
    member _.Row = row.Ptr

    /// Words drawn, four per block.
    member _.Words = words.Ptr

    /// Make room for `count` requests and whole vectors beyond them.
    member _.Reserve(count) =
        block.Reserve(count + 8)
        row.Reserve(count + 8)
        words.Reserve(4 * (count + 8))

    /// Put in a request.
    member _.Set(i, newBlock: int, newRow: int64) =
        block.Items[i] <- uint64 newBlock
        row.Items[i] <- uint64 newRow

    /// Draw the first `count` blocks.
    member _.Draw(key, c1, count) =
        CellKernels.words key c1 block.Ptr row.Ptr count words.Ptr
