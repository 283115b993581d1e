namespace SynthSae.Compute.Ops

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop
open SynthSae.Compute

/// `ChunkKernels` in 256-bit registers, for machines with AVX2 and FMA: a chunk is two halves of four
/// blocks, tried side by side.
module internal ChunkKernels256 =
    let inline private add (p: nativeptr<'T>) i = NativePtr.add p i

    let inline private constant (p: nativeptr<uint64>) i = Vector256.Create(NativePtr.get p i)

    let inline private times (a: Vector256<uint64>) (multiplier: uint32) =
        Avx2.Multiply(a.AsUInt32(), Vector256.Create(uint64 multiplier).AsUInt32())

    let inline private round
        k0
        k1
        (c0: byref<Vector256<uint64>>)
        (c1: byref<Vector256<uint64>>)
        (c2: byref<Vector256<uint64>>)
        (c3: byref<Vector256<uint64>>)
        =
        let product0 = times c0 Philox.Multiplier0
        let product1 = times c2 Philox.Multiplier1
        c0 <- (product1 >>> 32) ^^^ c1 ^^^ k0
        c2 <- (product0 >>> 32) ^^^ c3 ^^^ k1
        c1 <- product1
        c3 <- product0

    /// The complements of the words (low half of `low`, low half of `high`).
    let inline private complements (low: Vector256<uint64>) (high: Vector256<uint64>) =
        let words = (low &&& Vector256.Create 0xFFFFFFFFUL) ||| (high <<< 32)
        Vector256.OnesComplement(words).AsUInt32()

    /// `NormalBound.table` at the buckets of complements. There is no conversion of unsigned words, so they
    /// are halved first, which can only lift the bound; each bucket then lies two places lower.
    let inline private bounds (bound: nativeptr<float32>) (t: Vector256<uint32>) =
        let halves = (Vector256.Max(t, Vector256.Create NormalBound.Floor) >>> 1).AsInt32()
        let bits = Vector256.ConvertToSingle(halves).AsInt32() >>> 22
        let bucket = (bits + Vector256.Create 2) &&& Vector256.Create 31
        Avx2.GatherVector256(bound, bucket, 4uy)

    /// Bits of eight lanes, from `lane` on, that pass the bound; their complements go to `scratch`.
    let inline private passing
        bound
        threshold
        sd
        (mean: nativeptr<float32>)
        (scratch: nativeptr<uint32>)
        lane
        low
        high
        =
        let t = complements low high
        Vector256.Store(t, add scratch lane)
        let m = Vector256.Load(add mean lane)
        let g = Vector256.FusedMultiplyAdd(Vector256.Load(add sd lane), bounds bound t, m)
        let passes = Vector256.GreaterThan(g, Vector256.Load(add threshold lane))
        Vector256.ExtractMostSignificantBits passes <<< lane

    /// `ChunkKernels.filter` by AVX2: the same candidates.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let filter
        (keys: nativeptr<uint64>)
        (constants: nativeptr<uint64>)
        (product: nativeptr<uint64>)
        (threshold: nativeptr<float32>)
        (sd: nativeptr<float32>)
        (bound: nativeptr<float32>)
        slot
        lane
        (means: nativeptr<float32>)
        (scratch: nativeptr<uint32>)
        (candidates: nativeptr<Candidate>)
        count
        =
        let productA = Vector256.Load product
        let productB = Vector256.Load(add product 4)
        let mutable count = count

        for s in 0 .. ChunkKernels.Together - 1 do
            let x = add constants (ChunkKernels.RoundConstants * (slot + s))
            let mean = add means (SamplerPlan.ChunkLanes * s)
            let mutable a1 = times ((productA >>> 32) ^^^ constant x 0) Philox.Multiplier1
            let mutable b1 = times ((productB >>> 32) ^^^ constant x 0) Philox.Multiplier1
            let mutable a0 = (a1 >>> 32) ^^^ constant x 1
            let mutable b0 = (b1 >>> 32) ^^^ constant x 1
            let mutable a2 = productA ^^^ constant x 2
            let mutable b2 = productB ^^^ constant x 2
            let mutable a3 = constant x 3
            let mutable b3 = constant x 3
            let mutable key = add keys 4

            for _ in 2 .. Philox.Rounds - 1 do
                let k0 = constant key 0
                let k1 = constant key 1
                round k0 k1 &a0 &a1 &a2 &a3
                round k0 k1 &b0 &b1 &b2 &b3
                key <- add key 2

            let mask =
                passing bound threshold sd mean scratch 0 a0 a1
                ||| passing bound threshold sd mean scratch 8 b0 b1
                ||| passing bound threshold sd mean scratch 16 a2 a3
                ||| passing bound threshold sd mean scratch 24 b2 b3

            if mask <> 0u then
                count <- ChunkKernels.collect mask (slot + s) lane mean scratch candidates count

        count

    let inline private accumulate
        f
        (factor: nativeptr<float32>)
        s
        (sum: byref<Vector256<float32>>)
        =
        sum <- Vector256.FusedMultiplyAdd(f, Vector256.Create(NativePtr.get factor s), sum)

    /// m of eight lanes for eight samples.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private means8
        rank
        (chunkFactor: nativeptr<float32>)
        (factor: nativeptr<float32>)
        (means: nativeptr<float32>)
        =
        let mutable f = chunkFactor
        let mutable e = factor
        let mutable m0 = Vector256<float32>.Zero
        let mutable m1 = Vector256<float32>.Zero
        let mutable m2 = Vector256<float32>.Zero
        let mutable m3 = Vector256<float32>.Zero
        let mutable m4 = Vector256<float32>.Zero
        let mutable m5 = Vector256<float32>.Zero
        let mutable m6 = Vector256<float32>.Zero
        let mutable m7 = Vector256<float32>.Zero

        for _ in 1..rank do
            let lanes = Vector256.Load f
            accumulate lanes e 0 &m0
            accumulate lanes e 1 &m1
            accumulate lanes e 2 &m2
            accumulate lanes e 3 &m3
            accumulate lanes e 4 &m4
            accumulate lanes e 5 &m5
            accumulate lanes e 6 &m6
            accumulate lanes e 7 &m7
            f <- add f SamplerPlan.ChunkLanes
            e <- add e ChunkKernels.Slots

        Vector256.Store(m0, means)
        Vector256.Store(m1, add means 32)
        Vector256.Store(m2, add means 64)
        Vector256.Store(m3, add means 96)
        Vector256.Store(m4, add means 128)
        Vector256.Store(m5, add means 160)
        Vector256.Store(m6, add means 192)
        Vector256.Store(m7, add means 224)

    /// `ChunkKernels.means`.
    let means
        rank
        (chunkFactor: nativeptr<float32>)
        (factor: nativeptr<float32>)
        (means: nativeptr<float32>)
        =
        for lane in 0..8..24 do
            means8 rank (add chunkFactor lane) factor (add means lane)
