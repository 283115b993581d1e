namespace SynthSae.Compute.Ops

open System
open FSharp.NativeInterop
open SynthSae.Compute

/// Scratch space and constants for trying chunks in up to `ChunkKernels.Slots` samples.
[<Sealed>]
type internal ChunkPass(key: uint64, factor: Matrix) =
    let keys = Pinned<uint64>(2 * Philox.Rounds)
    let constants = Pinned<uint64>(ChunkKernels.RoundConstants * ChunkKernels.Slots)
    let bound = Matrix.ofArray 1 32 NormalBound.table
    let means = Matrix(ChunkKernels.Together, SamplerPlan.ChunkLanes)
    let scratch = Matrix(1, SamplerPlan.ChunkLanes)
    do ChunkKernels.keySchedule key keys.Items

    /// Prepare for samples first … first+Slots−1; `c1` is the second word of their counters.
    member _.Begin(c1, first: int64) =
        for slot in 0 .. ChunkKernels.Slots - 1 do
            ChunkKernels.firstRounds
                keys.Items
                c1
                (first + int64 slot)
                (constants.Items.AsSpan(
                    ChunkKernels.RoundConstants * slot,
                    ChunkKernels.RoundConstants
                ))

    /// Try a chunk in samples slot … slot+7 of those prepared; returns the new number of candidates.
    member _.Try(plan: SamplerPlan, path, chunk, slot, candidates, count) =
        let rank = plan.World.Rank
        let product = NativePtr.add plan.ChunkProduct.Ptr (chunk * SamplerPlan.ChunkBlocks)
        let threshold = plan.ChunkThreshold.RowPtr chunk
        let sd = plan.ChunkSd.RowPtr chunk
        let lane = chunk * SamplerPlan.ChunkLanes
        let chunkFactor = plan.ChunkFactor.RowPtr(chunk * rank)
        let factor = NativePtr.add factor.Ptr slot
        let scratch = NativePtr.ofNativeInt (NativePtr.toNativeInt scratch.Ptr)
        let means = means.Ptr
        let keys, constants, bound = keys.Ptr, constants.Ptr, bound.Ptr

        match path with
        | SamplingPath.Avx512 ->
            ChunkKernels.means rank chunkFactor factor means

            ChunkKernels.filter
                keys
                constants
                product
                threshold
                sd
                bound
                slot
                lane
                means
                scratch
                candidates
                count
        | SamplingPath.Avx2 ->
            ChunkKernels256.means rank chunkFactor factor means

            ChunkKernels256.filter
                keys
                constants
                product
                threshold
                sd
                bound
                slot
                lane
                means
                scratch
                candidates
                count
        | SamplingPath.Portable ->
            ChunkKernels.means rank chunkFactor factor means

            ChunkKernels.filterPortable
                keys
                constants
                product
                threshold
                sd
                slot
                lane
                means
                scratch
                candidates
                count
