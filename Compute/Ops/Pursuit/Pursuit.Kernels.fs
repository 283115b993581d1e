namespace SynthSae.Compute.Ops

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// Passes over one sample's scores, and over rows of D.
module internal PursuitKernels =
    /// The largest of 2·16 lanes and its place, of equals the lowest; goes on with the scores from `from`.
    let private finish
        (best0: Vector512<float32>)
        (best1: Vector512<float32>)
        (place0: Vector512<int>)
        (place1: Vector512<int>)
        (scores: nativeptr<float32>)
        from
        length
        : struct (int * float32) =
        let mutable best = 0.0f
        let mutable place = -1

        let consider value at =
            if value > best || (value = best && at < place) then
                best <- value
                place <- at

        for lane in 0 .. Simd.Lanes - 1 do
            consider best0[lane] place0[lane]
            consider best1[lane] place1[lane]

        for at in from .. length - 1 do
            consider (NativePtr.get scores at) at

        struct (place, best)

    let private lanes = Vector512.Create(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

    /// The largest score above 0 and its latent, of equals the lowest; −1 where none is.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let largest (scores: nativeptr<float32>) (length: int) : struct (int * float32) =
        let mutable best0 = Vector512<float32>.Zero
        let mutable best1 = Vector512<float32>.Zero
        let mutable place0 = Vector512.Create -1
        let mutable place1 = Vector512.Create -1
        let mutable at = lanes
        let next = Vector512.Create Simd.Lanes
        let mutable i = 0

        while i + 2 * Simd.Lanes <= length do
            let s0 = Vector512.Load(NativePtr.add scores i)
            let s1 = Vector512.Load(NativePtr.add scores (i + Simd.Lanes))
            let above0 = Vector512.GreaterThan(s0, best0)
            let above1 = Vector512.GreaterThan(s1, best1)
            best0 <- Vector512.ConditionalSelect(above0, s0, best0)
            best1 <- Vector512.ConditionalSelect(above1, s1, best1)
            place0 <- Vector512.ConditionalSelect(above0.AsInt32(), at, place0)
            at <- at + next
            place1 <- Vector512.ConditionalSelect(above1.AsInt32(), at, place1)
            at <- at + next
            i <- i + 2 * Simd.Lanes

        finish best0 best1 place0 place1 scores i length

    /// scores ← scores − value·gram, and then as `largest`, in one pass.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let subtractLargest
        (value: float32)
        (gram: nativeptr<float32>)
        (scores: nativeptr<float32>)
        (length: int)
        : struct (int * float32) =
        let factor = Vector512.Create -value
        let mutable best0 = Vector512<float32>.Zero
        let mutable best1 = Vector512<float32>.Zero
        let mutable place0 = Vector512.Create -1
        let mutable place1 = Vector512.Create -1
        let mutable at = lanes
        let next = Vector512.Create Simd.Lanes
        let mutable i = 0

        while i + 2 * Simd.Lanes <= length do
            let target0 = NativePtr.add scores i
            let target1 = NativePtr.add scores (i + Simd.Lanes)
            let g0 = Vector512.Load(NativePtr.add gram i)
            let g1 = Vector512.Load(NativePtr.add gram (i + Simd.Lanes))
            let s0 = Vector512.FusedMultiplyAdd(factor, g0, Vector512.Load target0)
            let s1 = Vector512.FusedMultiplyAdd(factor, g1, Vector512.Load target1)
            Vector512.Store(s0, target0)
            Vector512.Store(s1, target1)
            let above0 = Vector512.GreaterThan(s0, best0)
            let above1 = Vector512.GreaterThan(s1, best1)
            best0 <- Vector512.ConditionalSelect(above0, s0, best0)
            best1 <- Vector512.ConditionalSelect(above1, s1, best1)
            place0 <- Vector512.ConditionalSelect(above0.AsInt32(), at, place0)
            at <- at + next
            place1 <- Vector512.ConditionalSelect(above1.AsInt32(), at, place1)
            at <- at + next
            i <- i + 2 * Simd.Lanes

        for rest in i .. length - 1 do
            let score = NativePtr.get scores rest

            NativePtr.set
                scores
                rest
                (MathF.FusedMultiplyAdd(-value, NativePtr.get gram rest, score))

        finish best0 best1 place0 place1 scores i length

    /// The step back of `Pursuit`, with δ = ν·W_t known: row ← δ·row + v·ν (row holds r_{t−1}), ν ← ν − δ·W_t.
    /// Returns the next δ, ν·W_{t−1}.
    let stepBack
        (delta: float32)
        (value: float32)
        (weights: nativeptr<float32>)
        (before: nativeptr<float32>)
        (row: nativeptr<float32>)
        (nu: nativeptr<float32>)
        (length: int)
        : float32 =
        let deltas, values = Vector512.Create delta, Vector512.Create value
        let less = Vector512.Create -delta
        let mutable sum = Vector512<float32>.Zero
        let mutable i = 0

        while i + Simd.Lanes <= length do
            let target, nuTarget = NativePtr.add row i, NativePtr.add nu i
            let old = Vector512.Load nuTarget
            let residual = Vector512.Load target
            Vector512.Store(Vector512.FusedMultiplyAdd(deltas, residual, values * old), target)

            let updated =
                Vector512.FusedMultiplyAdd(less, Vector512.Load(NativePtr.add weights i), old)

            Vector512.Store(updated, nuTarget)

            sum <- Vector512.FusedMultiplyAdd(updated, Vector512.Load(NativePtr.add before i), sum)

            i <- i + Simd.Lanes

        let mutable tail = 0.0f

        for i in i .. length - 1 do
            let old = NativePtr.get nu i

            NativePtr.set row i (MathF.FusedMultiplyAdd(delta, NativePtr.get row i, value * old))

            let updated = MathF.FusedMultiplyAdd(-delta, NativePtr.get weights i, old)
            NativePtr.set nu i updated
            tail <- MathF.FusedMultiplyAdd(updated, NativePtr.get before i, tail)

        Simd.sumLanes sum + tail
