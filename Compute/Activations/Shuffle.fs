namespace SynthSae.Compute

/// An order of rows that is new in every epoch and never kept: each part of it is made again from its number. Rows are
/// shuffled in two ways: blocks of neighbours among each other, then, within a window of as many blocks as fit into a
/// buffer, all rows. In an epoch each row comes once.
type Shuffle =
    {
        /// Rows of an epoch, at least 1.
        Rows: int64
        /// Rows of a block; the last block may have fewer.
        BlockRows: int
        /// Blocks of a window; the last window may have fewer.
        WindowBlocks: int
        Seed: uint64
    }

    /// Number of blocks.
    member shuffle.Blocks =
        int ((shuffle.Rows + int64 shuffle.BlockRows - 1L) / int64 shuffle.BlockRows)

    /// Number of windows in an epoch.
    member shuffle.Windows = (shuffle.Blocks + shuffle.WindowBlocks - 1) / shuffle.WindowBlocks

    /// Windows that are in memory while it is gone through: the one in use, and the next if there is one.
    member shuffle.Buffers = min 2 shuffle.Windows

    /// Rows of the largest window.
    member shuffle.WindowRows =
        int (min shuffle.Rows (int64 shuffle.WindowBlocks * int64 shuffle.BlockRows))

/// The blocks of an epoch in their order.
type EpochOrder =
    {
        Epoch: int64
        /// Blocks by their turn.
        Block: int[]
        /// Turn of the last block, which may be shorter than the others.
        LastBlock: int
    }

module Shuffle =
    /// Blocks per window: the more, the better rows are mixed, and the smaller the reads.
    let private blocksPerWindow = 256

    /// Their order is in memory.
    let private mostBlocks = 100_000_000L

    /// A shuffle of so many rows through a buffer of `bufferRows`, which is filled as far as whole blocks go.
    let create (rows: int64) (bufferRows: int) (seed: int64) : Shuffle =
        let block = max 1 (bufferRows / blocksPerWindow)

        if rows / int64 block > mostBlocks then
            let least = (rows / mostBlocks + 1L) * int64 blocksPerWindow
            let problem = $"is too small for {rows} rows: at least {least} are needed"
            raise (BadInput("activations.buffer_rows", problem))

        { Rows = rows
          BlockRows = block
          WindowBlocks = bufferRows / block
          Seed = uint64 seed }

    /// A permutation of 0 … count−1 (Fisher, Yates), a pure function of its name.
    let private permutation seed purpose (name: int64) count : int[] =
        let items = Array.init count id

        for last in count - 1 .. -1 .. 1 do
            let word = uint64 (Draw.word seed Stream.Training purpose name last)
            let chosen = int ((word * uint64 (last + 1)) >>> 32)
            let item = items[chosen]
            items[chosen] <- items[last]
            items[last] <- item

        items

    /// The order of the blocks in an epoch. Where one window holds all, the rows alone are shuffled.
    let epoch (shuffle: Shuffle) (epoch: int64) : EpochOrder =
        let blocks =
            if shuffle.Windows = 1 then
                Array.init shuffle.Blocks id
            else
                permutation shuffle.Seed Purpose.BlockOrder epoch shuffle.Blocks

        { Epoch = epoch
          Block = blocks
          LastBlock = System.Array.IndexOf(blocks, shuffle.Blocks - 1) }

    /// Rows of a block.
    let blockRows (shuffle: Shuffle) (block: int) : int =
        int (min (int64 shuffle.BlockRows) (shuffle.Rows - int64 block * int64 shuffle.BlockRows))

    /// Rows of an epoch that come before a turn; `turn` may be the number of blocks.
    let rowsBefore (shuffle: Shuffle) (order: EpochOrder) (turn: int) : int64 =
        let missing = shuffle.BlockRows - blockRows shuffle (shuffle.Blocks - 1)

        int64 turn * int64 shuffle.BlockRows
        - (if order.LastBlock < turn then int64 missing else 0L)

    /// The turns of a window: the first, and one past the last.
    let turns (shuffle: Shuffle) (window: int) =
        struct (window * shuffle.WindowBlocks,
                min shuffle.Blocks ((window + 1) * shuffle.WindowBlocks))

    /// The window that holds the row which comes at `position` in the epoch.
    let windowOf (shuffle: Shuffle) (order: EpochOrder) (position: int64) : int =
        let guess = int (position / (int64 shuffle.WindowBlocks * int64 shuffle.BlockRows))
        let struct (_, next) = turns shuffle guess
        // A short block before it moves a window forward.
        if rowsBefore shuffle order next <= position then guess + 1 else guess

    /// The order in which the rows of a window come.
    let windowOrder (shuffle: Shuffle) (epoch: int64) (window: int) (rows: int) : int[] =
        permutation shuffle.Seed Purpose.RowOrder ((epoch <<< 32) ||| int64 window) rows
