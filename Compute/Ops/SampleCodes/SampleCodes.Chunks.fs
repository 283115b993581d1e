namespace SynthSae.Compute.Ops

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop
open SynthSae.Compute

/// Instructions that lazy sampling can do with; all have the same results.
[<RequireQualifiedAccess>]
type SamplingPath =
    | Avx512
    | Avx2
    | Portable

/// A feature that may fire in a sample, and what decides it.
[<Struct>]
type internal Candidate =
    {
        Slot: int
        Lane: int
        Word: uint32
        /// m.
        Mean: float32
    }

/// Trying the 32 features of a chunk in eight samples.
module internal ChunkKernels =
    /// Samples that share the loads of a chunk's F.
    [<Literal>]
    let Together = 8

    /// Samples that a worker draws at a time.
    [<Literal>]
    let Slots = 32

    /// Per-sample constants of `firstRounds`.
    [<Literal>]
    let RoundConstants = 4

    let inline private add (p: nativeptr<'T>) i = NativePtr.add p i

    let inline private constant (p: nativeptr<uint64>) i = Vector512.Create(NativePtr.get p i)

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
    let firstRounds (keys: uint64[]) (c1: uint32) (row: int64) (x: Span<uint64>) =
        let low (x: uint64) = x &&& 0xFFFFFFFFUL
        let product1 = low (uint64 row) * uint64 Philox.Multiplier1
        let c0 = (product1 >>> 32) ^^^ uint64 c1 ^^^ keys[0]
        let product0 = c0 * uint64 Philox.Multiplier0
        x[0] <- (uint64 row >>> 32) ^^^ keys[1]
        x[1] <- low product1 ^^^ keys[2]
        x[2] <- (product0 >>> 32) ^^^ keys[3]
        x[3] <- low product0

    let inline private xor3 (a: Vector512<uint64>) (b: Vector512<uint64>) (c: Vector512<uint64>) =
        if Avx512F.IsSupported then Avx512F.TernaryLogic(a, b, c, 0x96uy) else a ^^^ b ^^^ c

    let inline private round
        k0
        k1
        (c0: byref<Vector512<uint64>>)
        (c1: byref<Vector512<uint64>>)
        (c2: byref<Vector512<uint64>>)
        (c3: byref<Vector512<uint64>>)
        =
        let product0 = PhiloxVector.multiply c0 (Vector512.Create(uint64 Philox.Multiplier0))
        let product1 = PhiloxVector.multiply c2 (Vector512.Create(uint64 Philox.Multiplier1))
        c0 <- xor3 (product1 >>> 32) c1 k0
        c2 <- xor3 (product0 >>> 32) c3 k1
        c1 <- product1
        c3 <- product0

    /// First product of a sample, `x` being its constants.
    let inline private firstProduct (product: Vector512<uint64>) x =
        PhiloxVector.multiply
            ((product >>> 32) ^^^ constant x 0)
            (Vector512.Create(uint64 Philox.Multiplier1))

    /// The complements of the words (low half of `low`, low half of `high`).
    let inline private complements (low: Vector512<uint64>) (high: Vector512<uint64>) =
        if Avx512F.IsSupported then
            // 0x35: ~(mask ? second : third).
            let mask = Vector512.Create 0xFFFFFFFFUL
            Avx512F.TernaryLogic(mask, low, high <<< 32, 0x35uy).AsUInt32()
        else
            Vector512.OnesComplement(PhiloxVector.pair low high).AsUInt32()

    let inline private accumulate
        fa
        fb
        (factor: nativeptr<float32>)
        s
        (a: byref<Vector512<float32>>)
        (b: byref<Vector512<float32>>)
        =
        let e = Vector512.Create(NativePtr.get factor s)
        a <- Vector512.FusedMultiplyAdd(fa, e, a)
        b <- Vector512.FusedMultiplyAdd(fb, e, b)

    let inline private storeMeans
        (means: nativeptr<float32>)
        s
        (a: Vector512<float32>)
        (b: Vector512<float32>)
        =
        Vector512.Store(a, add means (32 * s))
        Vector512.Store(b, add means (32 * s + 16))

    /// means (8, 32): m of the 32 lanes of a chunk, Σ_r F[r]·factor[r, s], in eight samples. Meanwhile the
    /// next chunk's F is fetched.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
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
            Simd.prefetch (add f (32 * rank)) 32
            accumulate fa fb e 0 &a0 &b0
            accumulate fa fb e 1 &a1 &b1
            accumulate fa fb e 2 &a2 &b2
            accumulate fa fb e 3 &a3 &b3
            accumulate fa fb e 4 &a4 &b4
            accumulate fa fb e 5 &a5 &b5
            accumulate fa fb e 6 &a6 &b6
            accumulate fa fb e 7 &a7 &b7
            f <- add f 32
            e <- add e Slots

        storeMeans means 0 a0 b0
        storeMeans means 1 a1 b1
        storeMeans means 2 a2 b2
        storeMeans means 3 a3 b3
        storeMeans means 4 a4 b4
        storeMeans means 5 a5 b5
        storeMeans means 6 a6 b6
        storeMeans means 7 a7 b7

    /// Note the lanes of a mask as candidates, given all lanes' m and words' complements; returns the new
    /// number of candidates.
    let inline collect
        (mask: uint32)
        slot
        lane
        (mean: nativeptr<float32>)
        (complements: nativeptr<uint32>)
        (candidates: nativeptr<Candidate>)
        count
        =
        let mutable mask = mask
        let mutable next = count

        while mask <> 0u do
            let bit = BitOperations.TrailingZeroCount mask

            NativePtr.set
                candidates
                next
                { Slot = slot
                  Lane = lane + bit
                  Word = ~~~(NativePtr.get complements bit)
                  Mean = NativePtr.get mean bit }

            next <- next + 1
            mask <- mask &&& (mask - 1u)

        next

    let inline private store2 (first: Vector512<uint32>) second (target: nativeptr<uint32>) =
        Vector512.Store(first, target)
        Vector512.Store(second, add target 16)

    /// Draw the words of one chunk in samples slot … slot+7 and note the lanes for which `passing` (of the
    /// words' complements and m) has a bit. Four samples run side by side, so that one's arithmetic fills
    /// another's waiting.
    let inline private tryEight
        (keys: nativeptr<uint64>)
        (constants: nativeptr<uint64>)
        (product: Vector512<uint64>)
        slot
        lane
        (means: nativeptr<float32>)
        scratch
        candidates
        count
        ([<InlineIfLambda>] passing:
            Vector512<uint32> -> Vector512<uint32> -> nativeptr<float32> -> uint32)
        =
        let mutable count = count
        let mutable s = 0

        while s < Together do
            let x = add constants (RoundConstants * (slot + s))
            let y = add x RoundConstants
            let z = add y RoundConstants
            let w = add z RoundConstants
            let mutable a1 = firstProduct product x
            let mutable b1 = firstProduct product y
            let mutable c1 = firstProduct product z
            let mutable d1 = firstProduct product w
            let mutable a0 = (a1 >>> 32) ^^^ constant x 1
            let mutable b0 = (b1 >>> 32) ^^^ constant y 1
            let mutable c0 = (c1 >>> 32) ^^^ constant z 1
            let mutable d0 = (d1 >>> 32) ^^^ constant w 1
            let mutable a2 = product ^^^ constant x 2
            let mutable b2 = product ^^^ constant y 2
            let mutable c2 = product ^^^ constant z 2
            let mutable d2 = product ^^^ constant w 2
            let mutable a3 = constant x 3
            let mutable b3 = constant y 3
            let mutable c3 = constant z 3
            let mutable d3 = constant w 3
            let mutable key = add keys 4

            for _ in 2 .. Philox.Rounds - 1 do
                let k0 = constant key 0
                let k1 = constant key 1
                round k0 k1 &a0 &a1 &a2 &a3
                round k0 k1 &b0 &b1 &b2 &b3
                round k0 k1 &c0 &c1 &c2 &c3
                round k0 k1 &d0 &d1 &d2 &d3
                key <- add key 2

            let ta = complements a0 a1
            let ua = complements a2 a3
            let tb = complements b0 b1
            let ub = complements b2 b3
            let tc = complements c0 c1
            let uc = complements c2 c3
            let td = complements d0 d1
            let ud = complements d2 d3
            let meanA = add means (32 * s)
            let meanB = add meanA 32
            let meanC = add meanB 32
            let meanD = add meanC 32
            let maskA = passing ta ua meanA
            let maskB = passing tb ub meanB
            let maskC = passing tc uc meanC
            let maskD = passing td ud meanD

            if (maskA ||| maskB ||| maskC ||| maskD) <> 0u then
                let first = slot + s
                store2 ta ua scratch
                count <- collect maskA first lane meanA scratch candidates count
                store2 tb ub scratch
                count <- collect maskB (first + 1) lane meanB scratch candidates count
                store2 tc uc scratch
                count <- collect maskC (first + 2) lane meanC scratch candidates count
                store2 td ud scratch
                count <- collect maskD (first + 3) lane meanD scratch candidates count

            s <- s + 4

        count

    let inline private mask2 (first: Vector512<float32>) (second: Vector512<float32>) =
        uint32 (Vector512.ExtractMostSignificantBits first)
        ||| (uint32 (Vector512.ExtractMostSignificantBits second) <<< 16)

    /// Features of one chunk that may fire in samples slot … slot+7: all that do, by a bound of the noise
    /// that takes six instructions. Returns the new number of candidates. Needs AVX-512.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let filter
        keys
        constants
        (product: nativeptr<uint64>)
        (threshold: nativeptr<float32>)
        (sd: nativeptr<float32>)
        (bound: nativeptr<float32>)
        slot
        lane
        means
        scratch
        candidates
        count
        =
        let product = Vector512.Load product
        let threshold0 = Vector512.Load threshold
        let threshold1 = Vector512.Load(add threshold 16)
        let sd0 = Vector512.Load sd
        let sd1 = Vector512.Load(add sd 16)
        let bound0 = Vector512.Load bound
        let bound1 = Vector512.Load(add bound 16)

        let inline noise (t: Vector512<uint32>) =
            let t = Vector512.Max(t, Vector512.Create NormalBound.Floor)
            let bucket = Avx512F.ConvertToVector512Single(t).AsInt32() >>> 22
            Avx512F.PermuteVar16x32x2(bound0, bucket, bound1)

        tryEight keys constants product slot lane means scratch candidates count (fun t u mean ->
            let g0 = Vector512.FusedMultiplyAdd(sd0, noise t, Vector512.Load mean)
            let g1 = Vector512.FusedMultiplyAdd(sd1, noise u, Vector512.Load(add mean 16))

            mask2 (Vector512.GreaterThan(g0, threshold0)) (Vector512.GreaterThan(g1, threshold1)))

    /// The same on any machine: exactly the features that fire.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let filterPortable
        keys
        constants
        (product: nativeptr<uint64>)
        (threshold: nativeptr<float32>)
        (sd: nativeptr<float32>)
        slot
        lane
        means
        scratch
        candidates
        count
        =
        let product = Vector512.Load product

        let inline noise t =
            NormalVector.ofWords (Vector512.OnesComplement t)

        tryEight keys constants product slot lane means scratch candidates count (fun t u mean ->
            let g0 = Vector512.FusedMultiplyAdd(Vector512.Load sd, noise t, Vector512.Load mean)

            let g1 =
                Vector512.FusedMultiplyAdd(
                    Vector512.Load(add sd 16),
                    noise u,
                    Vector512.Load(add mean 16)
                )

            mask2
                (Vector512.GreaterThan(g0, Vector512.Load threshold))
                (Vector512.GreaterThan(g1, Vector512.Load(add threshold 16))))
