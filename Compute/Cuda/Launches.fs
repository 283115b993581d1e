namespace SynthSae.Compute.Cuda

/// Grids that several ops share.
module Launches =
    [<Literal>]
    let private Warps = 8

    /// A warp for each of so many rows, eight in a block.
    let warps (gpu: Gpu) name (rows: int) arguments =
        gpu.Launch(name, (rows + Warps - 1) / Warps, 32 * Warps, arguments)

    /// A block for each of so many rows.
    let blocks (gpu: Gpu) name (rows: int) (threads: int) arguments =
        gpu.Launch(name, rows, threads, arguments)

    /// A thread for each of so many elements.
    let threads (gpu: Gpu) name (elements: int) arguments =
        gpu.Launch(name, (elements + 255) / 256, 256, arguments)
