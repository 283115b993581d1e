namespace SynthSae.Compute

open System
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

/// Loops over rows of floats, sixteen lanes at a time. Every reduction runs in sixteen lanes that are
/// added in one fixed order, so that its bits do not depend on the machine's registers.
module Simd =
    [<Literal>]
    let Lanes = 16

    /// Sum of the sixteen lanes: halves, quarters, eighths, pairs.
    let sumLanes (lanes: Vector512<float32>) =
        let eight = lanes.GetLower() + lanes.GetUpper()
        let four = eight.GetLower() + eight.GetUpper()
        (four[0] + four[2]) + (four[1] + four[3])

    /// Sum of eight lanes: halves, quarters, the pair.
    let sumDoubleLanes (lanes: Vector512<float>) =
        let four = lanes.GetLower() + lanes.GetUpper()
        let two = four.GetLower() + four.GetUpper()
        two[0] + two[1]

    /// Ask the cache for floats that will be read soon.
    let inline prefetch (row: nativeptr<float32>) (length: int) =
        if Sse.IsSupported then
            let mutable i = 0

            while i < length do
                Sse.Prefetch0(NativePtr.toVoidPtr (NativePtr.add row i))
                i <- i + Lanes

    /// Σ a_i·b_i.
    let dot (a: nativeptr<float32>) (b: nativeptr<float32>) (length: int) : float32 =
        let mutable sum0 = Vector512<float32>.Zero
        let mutable sum1 = Vector512<float32>.Zero
        let mutable i = 0

        while i + 2 * Lanes <= length do
            sum0 <-
                Vector512.FusedMultiplyAdd(
                    Vector512.Load(NativePtr.add a i),
                    Vector512.Load(NativePtr.add b i),
                    sum0
                )

            sum1 <-
                Vector512.FusedMultiplyAdd(
                    Vector512.Load(NativePtr.add a (i + Lanes)),
                    Vector512.Load(NativePtr.add b (i + Lanes)),
                    sum1
                )

            i <- i + 2 * Lanes

        let mutable tail = 0.0f

        while i < length do
            tail <- MathF.FusedMultiplyAdd(NativePtr.get a i, NativePtr.get b i, tail)
            i <- i + 1

        sumLanes (sum0 + sum1) + tail

    /// y ← y + scale·x.
    let addScaled (scale: float32) (x: nativeptr<float32>) (y: nativeptr<float32>) (length: int) =
        let factor = Vector512.Create scale
        let mutable i = 0

        while i + Lanes <= length do
            let target = NativePtr.add y i

            Vector512.Store(
                Vector512.FusedMultiplyAdd(
                    factor,
                    Vector512.Load(NativePtr.add x i),
                    Vector512.Load target
                ),
                target
            )

            i <- i + Lanes

        while i < length do
            NativePtr.set y i (MathF.FusedMultiplyAdd(scale, NativePtr.get x i, NativePtr.get y i))
            i <- i + 1

    /// target ← a − b.
    let subtract
        (a: nativeptr<float32>)
        (b: nativeptr<float32>)
        (target: nativeptr<float32>)
        (length: int)
        =
        let mutable i = 0

        while i + Lanes <= length do
            Vector512.Store(
                Vector512.Load(NativePtr.add a i) - Vector512.Load(NativePtr.add b i),
                NativePtr.add target i
            )

            i <- i + Lanes

        while i < length do
            NativePtr.set target i (NativePtr.get a i - NativePtr.get b i)
            i <- i + 1

    /// target ← p·a + q·b.
    let combine
        (p: float32)
        (a: nativeptr<float32>)
        (q: float32)
        (b: nativeptr<float32>)
        (target: nativeptr<float32>)
        (length: int)
        =
        let first, second = Vector512.Create p, Vector512.Create q
        let mutable i = 0

        while i + Lanes <= length do
            let sum =
                Vector512.FusedMultiplyAdd(
                    first,
                    Vector512.Load(NativePtr.add a i),
                    second * Vector512.Load(NativePtr.add b i)
                )

            Vector512.Store(sum, NativePtr.add target i)
            i <- i + Lanes

        while i < length do
            let value = MathF.FusedMultiplyAdd(p, NativePtr.get a i, q * NativePtr.get b i)

            NativePtr.set target i value
            i <- i + 1

    /// √(Σ a_i²).
    let norm (a: nativeptr<float32>) (length: int) = MathF.Sqrt(dot a a length)
