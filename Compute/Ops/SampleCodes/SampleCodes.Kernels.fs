namespace SynthSae.Compute.Ops

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop
open SynthSae.Compute

/// An upper bound of `Normal.ofWord` from the leading bits of the complement of a word.
module NormalBound =
    /// Smaller complements share the last bucket.
    [<Literal>]
    let Floor = 0x10000u

    /// Bucket of a complement t = ~word: the exponent and the first bit of the mantissa of t as float32.
    let bucket (complement: uint32) : int =
        (BitConverter.SingleToInt32Bits(float32 (max complement Floor)) >>> 22) &&& 31

    /// (32): no word whose complement falls into a bucket has a larger normal number. Rounding to
    /// float32 can lift a complement into the bucket above by a part in 2²⁴; the slack covers that, and
    /// that `Normal.ofWord` need not be monotone to the last bit.
    let table: float32[] =
        let table = Array.zeroCreate 32

        for exponent in 16..31 do
            for half in 0..1 do
                let first = (1u <<< exponent) + (uint32 half <<< (exponent - 1))
                let smallest = if exponent = 16 && half = 0 then 0u else first - (first >>> 22)
                let bound = Normal.ofWord ~~~smallest
                table[bucket first] <- bound + 1e-4f + 1e-5f * MathF.Abs bound

        table

/// A feature that may fire in a sample, and what decides it.
[<Struct>]
type internal Candidate = { Slot: int; Lane: int; Word: uint32; Mean: float32 }

/// What the kernels of one chunk pass read; see `SamplerPlan`.
[<Struct>]
type internal ChunkPass =
    {
        Rank: int
        /// (R, Slots): factor of each sample.
        Factor: nativeptr<float32>
        /// (Slots, 4): per-sample constants of Philox, see `SampleCodesKernels.firstRounds`.
        Rounds: nativeptr<uint64>
        /// (10, 2): round keys.
        Keys: nativeptr<uint64>
        /// (32): `NormalBound.table`.
        Bound: nativeptr<float32>
        /// (16, 16): scratch.
        Means: nativeptr<float32>
    }

/// The inner loops of lazy sampling.
module internal SampleCodesKernels =
    /// Samples that share the loads of a chunk's F.
    [<Literal>]
    let Together = 8

    /// Samples that a worker draws at a time.
    [<Literal>]
    let Slots = 32

    let inline private add (p: nativeptr<'T>) i = NativePtr.add p i

    /// Round keys (10, 2) of a Philox key.
    let keySchedule (key: uint64) (keys: uint64[]) =
        let mutable k0 = uint32 key
        let mutable k1 = uint32 (key >>> 32)

        for round in 0 .. Philox.Rounds - 1 do
            keys[2 * round] <- uint64 k0
            keys[2 * round + 1] <- uint64 k1
            k0 <- k0 + Philox.Weyl0
            k1 <- k1 + Philox.Weyl1

    /// What the first two rounds of Philox leave to do for a sample, beside products of the block number:
    /// with P = block·Multiplier0, after round 2
    ///   c0 = high(Multiplier1·(high P ^ x0)) ^ x1, c1 = low(same), c2 = P ^ x2, c3 = x3.
    let firstRounds (keys: uint64[]) (c1: uint32) (row: int64) (rounds: Span<uint64>) =
        let low (x: uint64) = x &&& 0xFFFFFFFFUL
        let product1 = low (uint64 row) * uint64 Philox.Multiplier1
        let c0 = (product1 >>> 32) ^^^ uint64 c1 ^^^ keys[0]
        let product0 = c0 * uint64 Philox.Multiplier0
        rounds[0] <- (uint64 row >>> 32) ^^^ keys[1]
        rounds[1] <- low product1 ^^^ keys[2]
        rounds[2] <- (product0 >>> 32) ^^^ keys[3]
        rounds[3] <- low product0

    let inline private xor3 (a: Vector512<uint64>) (b: Vector512<uint64>) (c: Vector512<uint64>) =
        if Avx512F.IsSupported then Avx512F.TernaryLogic(a, b, c, 0x96uy) else a ^^^ b ^^^ c

    /// m of the 32 lanes of a chunk for eight samples: means[2·s], means[2·s+1] = Σ_r F[r]·factor[r, s].
    [<MethodImpl(MethodImplOptions.AggressiveOptimization ||| MethodImplOptions.NoInlining)>]
    let means
        rank
        (chunkFactor: nativeptr<float32>)
        (factor: nativeptr<float32>)
        (means: nativeptr<float32>)
        =
        let mutable f = chunkFactor
        let mutable e = factor
        let mutable a0 = Vector512<float32>.Zero
        let mutable b0 = Vector512<float32>.Zero
        let mutable a1 = Vector512<float32>.Zero
        let mutable b1 = Vector512<float32>.Zero
        let mutable a2 = Vector512<float32>.Zero
        let mutable b2 = Vector512<float32>.Zero
        let mutable a3 = Vector512<float32>.Zero
        let mutable b3 = Vector512<float32>.Zero
        let mutable a4 = Vector512<float32>.Zero
        let mutable b4 = Vector512<float32>.Zero
        let mutable a5 = Vector512<float32>.Zero
        let mutable b5 = Vector512<float32>.Zero
        let mutable a6 = Vector512<float32>.Zero
        let mutable b6 = Vector512<float32>.Zero
        let mutable a7 = Vector512<float32>.Zero
        let mutable b7 = Vector512<float32>.Zero

        for _ in 1..rank do
            let fa = Vector512.Load f
            let fb = Vector512.Load(add f 16)
            let e0 = Vector512.Create(NativePtr.get e 0)
            a0 <- Vector512.FusedMultiplyAdd(fa, e0, a0)
            b0 <- Vector512.FusedMultiplyAdd(fb, e0, b0)
            let e1 = Vector512.Create(NativePtr.get e 1)
            a1 <- Vector512.FusedMultiplyAdd(fa, e1, a1)
            b1 <- Vector512.FusedMultiplyAdd(fb, e1, b1)
            let e2 = Vector512.Create(NativePtr.get e 2)
            a2 <- Vector512.FusedMultiplyAdd(fa, e2, a2)
            b2 <- Vector512.FusedMultiplyAdd(fb, e2, b2)
            let e3 = Vector512.Create(NativePtr.get e 3)
            a3 <- Vector512.FusedMultiplyAdd(fa, e3, a3)
            b3 <- Vector512.FusedMultiplyAdd(fb, e3, b3)
            let e4 = Vector512.Create(NativePtr.get e 4)
            a4 <- Vector512.FusedMultiplyAdd(fa, e4, a4)
            b4 <- Vector512.FusedMultiplyAdd(fb, e4, b4)
            let e5 = Vector512.Create(NativePtr.get e 5)
            a5 <- Vector512.FusedMultiplyAdd(fa, e5, a5)
            b5 <- Vector512.FusedMultiplyAdd(fb, e5, b5)
            let e6 = Vector512.Create(NativePtr.get e 6)
            a6 <- Vector512.FusedMultiplyAdd(fa, e6, a6)
            b6 <- Vector512.FusedMultiplyAdd(fb, e6, b6)
            let e7 = Vector512.Create(NativePtr.get e 7)
            a7 <- Vector512.FusedMultiplyAdd(fa, e7, a7)
            b7 <- Vector512.FusedMultiplyAdd(fb, e7, b7)
            f <- add f 32
            e <- add e Slots

        Vector512.Store(a0, means)
        Vector512.Store(b0, add means 16)
        Vector512.Store(a1, add means 32)
        Vector512.Store(b1, add means 48)
        Vector512.Store(a2, add means 64)
        Vector512.Store(b2, add means 80)
        Vector512.Store(a3, add means 96)
        Vector512.Store(b3, add means 112)
        Vector512.Store(a4, add means 128)
        Vector512.Store(b4, add means 144)
        Vector512.Store(a5, add means 160)
        Vector512.Store(b5, add means 176)
        Vector512.Store(a6, add means 192)
        Vector512.Store(b6, add means 208)
        Vector512.Store(a7, add means 224)
        Vector512.Store(b7, add means 240)

    /// Note the lanes of a mask as candidates; returns the new number of candidates.
    let inline private collect
        (mask: uint32)
        slot
        lane
        (word0: Vector512<uint32>)
        (word1: Vector512<uint32>)
        (mean: nativeptr<float32>)
        (words: nativeptr<uint32>)
        (candidates: nativeptr<Candidate>)
        count
        =
        Vector512.Store(word0, words)
        Vector512.Store(word1, add words 16)
        let mutable mask = mask
        let mutable next = count

        while mask <> 0u do
            let bit = BitOperations.TrailingZeroCount mask

            NativePtr.set
                candidates
                next
                { Slot = slot
                  Lane = lane + bit
                  Word = NativePtr.get words bit
                  Mean = NativePtr.get mean bit }

            next <- next + 1
            mask <- mask &&& (mask - 1u)

        next

    /// Features of one chunk that may fire in samples slot … slot+7: no feature that fires is left out.
    /// Returns the new number of candidates.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization ||| MethodImplOptions.NoInlining)>]
    let filter
        (pass: inref<ChunkPass>)
        (product: nativeptr<uint64>)
        (threshold: nativeptr<float32>)
        (sd: nativeptr<float32>)
        slot
        lane
        (words: nativeptr<uint32>)
        (candidates: nativeptr<Candidate>)
        count
        =
        let multiplier0 = Vector512.Create(uint64 Philox.Multiplier0)
        let multiplier1 = Vector512.Create(uint64 Philox.Multiplier1)
        let low = Vector512.Create 0xFFFFFFFFUL
        let floor = Vector512.Create NormalBound.Floor
        let bound0 = Vector512.Load pass.Bound
        let bound1 = Vector512.Load(add pass.Bound 16)
        let threshold0 = Vector512.Load threshold
        let threshold1 = Vector512.Load(add threshold 16)
        let sd0 = Vector512.Load sd
        let sd1 = Vector512.Load(add sd 16)
        let p = Vector512.Load product
        let pHigh = p >>> 32
        let keys = pass.Keys
        let mutable means = pass.Means
        let mutable rounds = add pass.Rounds (4 * slot)
        let mutable count = count

        for s in 0 .. Together - 1 do
            let product1 =
                Avx512F.Multiply(
                    (pHigh ^^^ Vector512.Create(NativePtr.get rounds 0)).AsUInt32(),
                    multiplier1.AsUInt32()
                )

            let mutable c0 = (product1 >>> 32) ^^^ Vector512.Create(NativePtr.get rounds 1)
            let mutable c1 = product1
            let mutable c2 = p ^^^ Vector512.Create(NativePtr.get rounds 2)
            let mutable c3 = Vector512.Create(NativePtr.get rounds 3)

            for round in 2 .. Philox.Rounds - 1 do
                let product0 = Avx512F.Multiply(c0.AsUInt32(), multiplier0.AsUInt32())
                let product1 = Avx512F.Multiply(c2.AsUInt32(), multiplier1.AsUInt32())
                c0 <- xor3 (product1 >>> 32) c1 (Vector512.Create(NativePtr.get keys (2 * round)))
                c1 <- product1

                c2 <-
                    xor3 (product0 >>> 32) c3 (Vector512.Create(NativePtr.get keys (2 * round + 1)))

                c3 <- product0

            // ~(low ? c0 : c1 << 32), the complements of the words; 0x35 = ~(mask ? a : b).
            let t0 = Avx512F.TernaryLogic(low, c0, c1 <<< 32, 0x35uy).AsUInt32()
            let t1 = Avx512F.TernaryLogic(low, c2, c3 <<< 32, 0x35uy).AsUInt32()

            let bucket0 =
                Avx512F.ConvertToVector512Single(Vector512.Max(t0, floor)).AsInt32() >>> 22

            let bucket1 =
                Avx512F.ConvertToVector512Single(Vector512.Max(t1, floor)).AsInt32() >>> 22

            let noise0 = Avx512F.PermuteVar16x32x2(bound0, bucket0, bound1)
            let noise1 = Avx512F.PermuteVar16x32x2(bound0, bucket1, bound1)
            let g0 = Vector512.FusedMultiplyAdd(sd0, noise0, Vector512.Load means)
            let g1 = Vector512.FusedMultiplyAdd(sd1, noise1, Vector512.Load(add means 16))

            let mask =
                uint32 (Vector512.ExtractMostSignificantBits(Vector512.GreaterThan(g0, threshold0)))
                ||| (uint32 (
                         Vector512.ExtractMostSignificantBits(Vector512.GreaterThan(g1, threshold1))
                     )
                     <<< 16)

            if mask <> 0u then
                count <-
                    collect
                        mask
                        (slot + s)
                        lane
                        (Vector512.OnesComplement t0)
                        (Vector512.OnesComplement t1)
                        means
                        words
                        candidates
                        count

            means <- add means 32
            rounds <- add rounds 4

        count

    /// The same on any machine: exactly the features that fire.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization ||| MethodImplOptions.NoInlining)>]
    let filterPortable
        (pass: inref<ChunkPass>)
        (product: nativeptr<uint64>)
        (threshold: nativeptr<float32>)
        (sd: nativeptr<float32>)
        slot
        lane
        (words: nativeptr<uint32>)
        (candidates: nativeptr<Candidate>)
        count
        =
        let multiplier0 = Vector512.Create(uint64 Philox.Multiplier0)
        let multiplier1 = Vector512.Create(uint64 Philox.Multiplier1)
        let p = Vector512.Load product
        let keys = pass.Keys
        let mutable means = pass.Means
        let mutable rounds = add pass.Rounds (4 * slot)
        let mutable count = count

        for s in 0 .. Together - 1 do
            let product1 =
                PhiloxVector.multiplyPortable
                    ((p >>> 32) ^^^ Vector512.Create(NativePtr.get rounds 0))
                    multiplier1

            let mutable c0 = (product1 >>> 32) ^^^ Vector512.Create(NativePtr.get rounds 1)
            let mutable c1 = product1
            let mutable c2 = p ^^^ Vector512.Create(NativePtr.get rounds 2)
            let mutable c3 = Vector512.Create(NativePtr.get rounds 3)

            for round in 2 .. Philox.Rounds - 1 do
                let product0 = PhiloxVector.multiplyPortable c0 multiplier0
                let product1 = PhiloxVector.multiplyPortable c2 multiplier1
                c0 <- (product1 >>> 32) ^^^ c1 ^^^ Vector512.Create(NativePtr.get keys (2 * round))
                c1 <- product1

                c2 <-
                    (product0 >>> 32)
                    ^^^ c3
                    ^^^ Vector512.Create(NativePtr.get keys (2 * round + 1))

                c3 <- product0

            let word0 = (PhiloxVector.pair c0 c1).AsUInt32()
            let word1 = (PhiloxVector.pair c2 c3).AsUInt32()
            let noise0 = NormalVector.ofWords word0
            let noise1 = NormalVector.ofWords word1
            let g0 = Vector512.FusedMultiplyAdd(Vector512.Load sd, noise0, Vector512.Load means)

            let g1 =
                Vector512.FusedMultiplyAdd(
                    Vector512.Load(add sd 16),
                    noise1,
                    Vector512.Load(add means 16)
                )

            let fires0 = Vector512.GreaterThan(g0, Vector512.Load threshold)
            let fires1 = Vector512.GreaterThan(g1, Vector512.Load(add threshold 16))

            let mask =
                uint32 (Vector512.ExtractMostSignificantBits fires0)
                ||| (uint32 (Vector512.ExtractMostSignificantBits fires1) <<< 16)

            if mask <> 0u then
                count <- collect mask (slot + s) lane word0 word1 means words candidates count

            means <- add means 32
            rounds <- add rounds 4

        count

    /// Philox blocks of (block, row) pairs, `count` rounded up to eights; four words per pair, in order.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization ||| MethodImplOptions.NoInlining)>]
    let words
        key
        c1
        (block: nativeptr<uint64>)
        (row: nativeptr<uint64>)
        count
        (words: nativeptr<uint32>)
        =
        let mutable k = 0

        while k < count do
            let struct (words01, words23) =
                PhiloxVector.blocks key (Vector512.Load(add block k)) c1 (Vector512.Load(add row k))

            let even = PhiloxVector.evenBlocks words01 words23
            let odd = PhiloxVector.oddBlocks words01 words23
            let target = add words (4 * k)
            Vector128.Store(even.GetLower().GetLower(), target)
            Vector128.Store(odd.GetLower().GetLower(), add target 4)
            Vector128.Store(even.GetLower().GetUpper(), add target 8)
            Vector128.Store(odd.GetLower().GetUpper(), add target 12)
            Vector128.Store(even.GetUpper().GetLower(), add target 16)
            Vector128.Store(odd.GetUpper().GetLower(), add target 20)
            Vector128.Store(even.GetUpper().GetUpper(), add target 24)
            Vector128.Store(odd.GetUpper().GetUpper(), add target 28)
            k <- k + 8

    /// Normal numbers of words, `count` rounded up to sixteens, in the words' own place.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization ||| MethodImplOptions.NoInlining)>]
    let normals (words: nativeptr<uint32>) count =
        let mutable k = 0

        while k < count do
            let target = add words k
            Vector512.Store((NormalVector.ofWords (Vector512.Load target)).AsUInt32(), target)
            k <- k + 16

    /// Four 128-bit quarters as one vector.
    let inline private quarters (a: Vector128<float32>) b (c: Vector128<float32>) d =
        Vector512.Create(Vector256.Create(a, b), Vector256.Create(c, d))

    /// Values of sixteen lanes of four cells: the magnitude where the feature fires, else 0.
    let inline private cellValues (m: Vector512<float32>) firing magnitude c0 c1 c2 c3 =
        let inline field offset =
            quarters
                (Vector128.Load(add c0 offset))
                (Vector128.Load(add c1 offset))
                (Vector128.Load(add c2 offset))
                (Vector128.Load(add c3 offset))

        let g = Vector512.FusedMultiplyAdd(field 4, NormalVector.ofWords firing, m)
        let fires = Vector512.GreaterThan(g, field 0)
        let value = Vector512.FusedMultiplyAdd(field 12, NormalVector.ofWords magnitude, field 8)
        let kept = fires &&& Vector512.GreaterThan(value, Vector512<float32>.Zero)
        Vector512.ConditionalSelect(kept, value, Vector512<float32>.Zero)

    let inline private store4 (v: Vector512<float32>) (target: nativeptr<float32>) =
        Vector128.Store(v.GetLower().GetLower(), target)
        Vector128.Store(v.GetLower().GetUpper(), add target 8)
        Vector128.Store(v.GetUpper().GetLower(), add target 16)
        Vector128.Store(v.GetUpper().GetUpper(), add target 24)

    /// Values (count, 4) of cells before the hierarchy; `count` is rounded up to eights.
    /// `cell` are addresses of rows of `SamplerPlan.Cells`, `factor` columns of the factor (R, Slots).
    [<MethodImpl(MethodImplOptions.AggressiveOptimization ||| MethodImplOptions.NoInlining)>]
    let cells
        key
        firing
        magnitude
        rank
        (cell: nativeptr<nativeint>)
        (factor: nativeptr<nativeint>)
        (block: nativeptr<uint64>)
        (row: nativeptr<uint64>)
        count
        (values: nativeptr<float32>)
        =
        let mutable k = 0

        while k < count do
            let cells, factors = add cell k, add factor k

            let inline cell j : nativeptr<float32> =
                NativePtr.ofNativeInt (NativePtr.get cells j)

            let inline factor j : nativeptr<float32> =
                NativePtr.ofNativeInt (NativePtr.get factors j)

            let c0, c1, c2, c3 = cell 0, cell 1, cell 2, cell 3
            let c4, c5, c6, c7 = cell 4, cell 5, cell 6, cell 7
            let e0, e1, e2, e3 = factor 0, factor 1, factor 2, factor 3
            let e4, e5, e6, e7 = factor 4, factor 5, factor 6, factor 7
            let mutable m0 = Vector128<float32>.Zero
            let mutable m1 = Vector128<float32>.Zero
            let mutable m2 = Vector128<float32>.Zero
            let mutable m3 = Vector128<float32>.Zero
            let mutable m4 = Vector128<float32>.Zero
            let mutable m5 = Vector128<float32>.Zero
            let mutable m6 = Vector128<float32>.Zero
            let mutable m7 = Vector128<float32>.Zero

            for r in 0 .. rank - 1 do
                let inline step
                    (c: nativeptr<float32>)
                    (e: nativeptr<float32>)
                    (m: Vector128<float32>)
                    =
                    let e = Vector128.Create(NativePtr.get e (Slots * r))

                    Vector128.FusedMultiplyAdd(
                        Vector128.Load(add c (SamplerPlan.CellHead + 4 * r)),
                        e,
                        m
                    )

                m0 <- step c0 e0 m0
                m1 <- step c1 e1 m1
                m2 <- step c2 e2 m2
                m3 <- step c3 e3 m3
                m4 <- step c4 e4 m4
                m5 <- step c5 e5 m5
                m6 <- step c6 e6 m6
                m7 <- step c7 e7 m7

            let block = Vector512.Load(add block k)
            let row = Vector512.Load(add row k)
            let struct (f01, f23) = PhiloxVector.blocks key block firing row
            let struct (z01, z23) = PhiloxVector.blocks key block magnitude row
            let target = add values (4 * k)

            let even =
                cellValues
                    (quarters m0 m2 m4 m6)
                    (PhiloxVector.evenBlocks f01 f23)
                    (PhiloxVector.evenBlocks z01 z23)
                    c0
                    c2
                    c4
                    c6

            store4 even target

            let odd =
                cellValues
                    (quarters m1 m3 m5 m7)
                    (PhiloxVector.oddBlocks f01 f23)
                    (PhiloxVector.oddBlocks z01 z23)
                    c1
                    c3
                    c5
                    c7

            store4 odd (add target 4)
            k <- k + 8
