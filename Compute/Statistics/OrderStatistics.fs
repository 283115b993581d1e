namespace SynthSae.Compute

open System
open System.Numerics
open System.Runtime.Intrinsics
open FSharp.NativeInterop

/// Exact order statistics of many rows of numbers in [0, 2), without sorting: floats that are not negative
/// are ordered as their bits are, so a histogram of the upper 16 bits tells in which narrow bucket a
/// rank lies, and only that bucket is searched. A scratch space of one worker.
[<Sealed>]
type OrderStatistics() =
    static let bucketBits = 16
    static let buckets = 1 <<< (30 - bucketBits)

    let histogram: int[] = Array.zeroCreate buckets
    let mutable values: nativeptr<float32> = NativePtr.nullPtr
    let mutable count = 0
    let mutable found: float32[] = Array.zeroCreate 256
    let mutable foundBucket = -1

    let keep value size =
        if size = found.Length then
            Array.Resize(&found, 2 * size)

        found[size] <- value
        size + 1

    /// Copy the values of one bucket to `found`.
    let collect (bucket: int) =
        let low = Vector512.Create(bucket <<< bucketBits).AsSingle()
        let high = Vector512.Create((bucket <<< bucketBits) ||| ((1 <<< bucketBits) - 1)).AsSingle()
        let mutable size = 0
        let mutable i = 0

        while i + Simd.Lanes <= count do
            let x = Vector512.Load(NativePtr.add values i)
            let inside = Vector512.GreaterThanOrEqual(x, low) &&& Vector512.LessThanOrEqual(x, high)
            let mutable mask = inside.ExtractMostSignificantBits()

            while mask <> 0UL do
                size <- keep (NativePtr.get values (i + BitOperations.TrailingZeroCount mask)) size
                mask <- mask &&& (mask - 1UL)

            i <- i + Simd.Lanes

        while i < count do
            let x = NativePtr.get values i

            if BitConverter.SingleToInt32Bits x >>> bucketBits = bucket then
                size <- keep x size

            i <- i + 1

        foundBucket <- bucket
        size

    let mutable foundSize = 0

    /// Take up `length` numbers in [0, 2), which must stay as they are while ranks are asked for.
    member _.Load(numbers: nativeptr<float32>, length: int) =
        values <- numbers
        count <- length
        foundBucket <- -1
        Array.Clear histogram

        for i in 0 .. length - 1 do
            let bits = NativePtr.get (NativePtr.ofNativeInt<int>(NativePtr.toNativeInt numbers)) i
            let bucket = bits >>> bucketBits
            histogram[bucket] <- histogram[bucket] + 1

    /// The number of rank `k`, 1 for the largest.
    member _.Largest(k: int) : float32 =
        let mutable bucket = buckets - 1
        let mutable above = 0

        while above + histogram[bucket] < k do
            above <- above + histogram[bucket]
            bucket <- bucket - 1

        if bucket <> foundBucket then
            foundSize <- collect bucket

        Ranking.kthLargest (found.AsSpan(0, foundSize)) (k - above)

    /// The quantile q in [0, 1], interpolated linearly between neighbouring ranks (numpy's default).
    member this.Quantile(q: float) : float =
        let position = q * float (count - 1)
        let below = int position
        let low = float (this.Largest(count - below))
        let share = position - float below

        if share = 0.0 then low else low + share * (float (this.Largest(count - below - 1)) - low)
