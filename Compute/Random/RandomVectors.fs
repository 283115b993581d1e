namespace SynthSae.Compute

open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

/// `Philox` for eight counters at once. A 32-bit word lives in the low half of a 64-bit lane; what the
/// high half holds is never looked at, so that a 32 × 32 → 64 bit product serves as both its halves.
module PhiloxVector =
    /// 32 × 32 → 64 bit products of the low halves, on any machine.
    let inline multiplyPortable (a: Vector512<uint64>) (b: Vector512<uint64>) =
        (a &&& Vector512.Create 0xFFFFFFFFUL) * b

    /// 32 × 32 → 64 bit products of the low halves; those of `b` must be all there is in `b`.
    let inline multiply (a: Vector512<uint64>) (b: Vector512<uint64>) =
        if Avx512F.IsSupported then
            Avx512F.Multiply(a.AsUInt32(), b.AsUInt32())
        elif Avx2.IsSupported then
            Vector512.Create(
                Avx2.Multiply(a.GetLower().AsUInt32(), b.GetLower().AsUInt32()),
                Avx2.Multiply(a.GetUpper().AsUInt32(), b.GetUpper().AsUInt32())
            )
        else
            multiplyPortable a b

    /// Low words of `low`, and those of `high` above them.
    let inline pair (low: Vector512<uint64>) (high: Vector512<uint64>) =
        (low &&& Vector512.Create 0xFFFFFFFFUL) ||| (high <<< 32)

    /// The blocks of the counters (c0, c1, row low, row high) under `key`: words 0 and 1 of block j
    /// in lane j of the first result, words 2 and 3 in lane j of the second.
    let inline blocks (key: uint64) (c0: Vector512<uint64>) (c1: uint32) (row: Vector512<uint64>) =
        let multiplier0 = Vector512.Create(uint64 Philox.Multiplier0)
        let multiplier1 = Vector512.Create(uint64 Philox.Multiplier1)
        let mutable k0 = uint32 key
        let mutable k1 = uint32 (key >>> 32)
        let mutable c0 = c0
        let mutable c1 = Vector512.Create(uint64 c1)
        let mutable c2 = row
        let mutable c3 = row >>> 32

        for _ in 1 .. Philox.Rounds do
            let product0 = multiply c0 multiplier0
            let product1 = multiply c2 multiplier1
            c0 <- (product1 >>> 32) ^^^ c1 ^^^ Vector512.Create(uint64 k0)
            c1 <- product1
            c2 <- (product0 >>> 32) ^^^ c3 ^^^ Vector512.Create(uint64 k1)
            c3 <- product0
            k0 <- k0 + Philox.Weyl0
            k1 <- k1 + Philox.Weyl1

        struct (pair c0 c1, pair c2 c3)

    /// The words of the even blocks 0, 2, 4, 6 in order, from the results of `blocks`.
    let inline evenBlocks (words01: Vector512<uint64>) (words23: Vector512<uint64>) =
        if Avx512F.IsSupported then
            Avx512F.UnpackLow(words01, words23).AsUInt32()
        else
            Vector512
                .Create(
                    words01[0],
                    words23[0],
                    words01[2],
                    words23[2],
                    words01[4],
                    words23[4],
                    words01[6],
                    words23[6]
                )
                .AsUInt32()

    /// The words of the odd blocks 1, 3, 5, 7 in order, from the results of `blocks`.
    let inline oddBlocks (words01: Vector512<uint64>) (words23: Vector512<uint64>) =
        if Avx512F.IsSupported then
            Avx512F.UnpackHigh(words01, words23).AsUInt32()
        else
            Vector512
                .Create(
                    words01[1],
                    words23[1],
                    words01[3],
                    words23[3],
                    words01[5],
                    words23[5],
                    words01[7],
                    words23[7]
                )
                .AsUInt32()

/// `Normal` for sixteen words at once, with the same bits.
module NormalVector =
    let inline private constant (value: float32) = Vector512.Create value

    let inline private fma (a: Vector512<float32>) b c = Vector512.FusedMultiplyAdd(a, b, c)

    /// `Normal.log` of each element.
    let inline log (x: Vector512<float32>) : Vector512<float32> =
        let shifted = x.AsInt32() - Vector512.Create 0x3F3504F3
        let exponent = shifted >>> 23

        let m = ((shifted &&& Vector512.Create 0x007FFFFF) + Vector512.Create 0x3F3504F3).AsSingle()

        let s = (m - constant 1.0f) / (m + constant 1.0f)
        let z = s * s
        let p = fma (constant 0.22222222f) z (constant 0.2857143f)
        let p = fma p z (constant 0.4f)
        let p = fma p z (constant 0.6666667f)
        let logM = fma (p * z) s (s + s)
        fma (Vector512.ConvertToSingle exponent) (constant 0.6931472f) logM

    /// `Normal.ofWord` of each word.
    let inline ofWords (word: Vector512<uint32>) : Vector512<float32> =
        let signed = (word ^^^ Vector512.Create 0x80000000u).AsInt32()
        let q = Vector512.ConvertToSingle signed * constant 2.3283064e-10f + constant 1.1641532e-10f

        let r = fma (-q) q (constant 0.180625f)
        let a = fma (constant 59.109374720f) r (constant 159.29113202f)
        let a = fma a r (constant 50.434271938f)
        let a = fma a r (constant 3.3871327179f)
        let b = fma (constant 67.187563600f) r (constant 78.757757664f)
        let b = fma b r (constant 17.895169469f)
        let b = fma b r (constant 1.0f)
        let central = q * a / b

        let negative = Vector512.LessThan(q, Vector512<float32>.Zero)

        let tail =
            Vector512.ConditionalSelect(negative.AsUInt32(), word, Vector512.OnesComplement word)

        let probability = (Vector512.ConvertToSingle tail + constant 0.5f) * constant 2.3283064e-10f

        let r = Vector512.Sqrt(-(log probability)) - constant 1.6f
        let a = fma (constant 0.17023821103f) r (constant 1.3067284816f)
        let a = fma a r (constant 2.7568153900f)
        let a = fma a r (constant 1.4234372777f)
        let b = fma (constant 0.12021132975f) r (constant 0.73700164250f)
        let b = fma b r (constant 1.0f)
        let magnitude = a / b
        let outer = Vector512.ConditionalSelect(negative, -magnitude, magnitude)
        let isCentral = Vector512.LessThanOrEqual(Vector512.Abs q, constant 0.425f)
        Vector512.ConditionalSelect(isCentral, central, outer)
