namespace SynthSae.Compute

open System
open System.Runtime.CompilerServices

/// Standard normal numbers from random words, by the inverse of the normal distribution function.
/// Only +, ×, ÷, √ and fused multiply-add in float32 are used, each correctly rounded, so that every
/// backend finds the same bits.
module Normal =
    /// Natural logarithm of a positive, finite, normal float32, to about 1 ulp.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    let log (x: float32) : float32 =
        // x = 2^e · m with m in [√½, √2); ln m from the odd series in s = (m−1)/(m+1).
        let bits = BitConverter.SingleToInt32Bits x
        let shifted = bits - 0x3F3504F3
        let exponent = shifted >>> 23
        let m = BitConverter.Int32BitsToSingle((shifted &&& 0x007FFFFF) + 0x3F3504F3)
        let s = (m - 1.0f) / (m + 1.0f)
        let z = s * s
        let mutable p = 0.22222222f
        p <- MathF.FusedMultiplyAdd(p, z, 0.2857143f)
        p <- MathF.FusedMultiplyAdd(p, z, 0.4f)
        p <- MathF.FusedMultiplyAdd(p, z, 0.6666667f)
        p <- p * z
        let logM = MathF.FusedMultiplyAdd(p, s, s + s)
        MathF.FusedMultiplyAdd(float32 exponent, 0.6931472f, logM)

    /// Φ⁻¹((word + ½) / 2³²): increasing in `word`, symmetric about the middle but for rounding, within ±6.34.
    /// Wichura's PPND7 (Algorithm AS 241, Applied Statistics 37, 1988), relative error about 1e-7.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    let ofWord (word: uint32) : float32 =
        let q = float32 (int (word ^^^ 0x80000000u)) * 2.3283064e-10f + 1.1641532e-10f

        if MathF.Abs q <= 0.425f then
            let r = MathF.FusedMultiplyAdd(-q, q, 0.180625f)
            let mutable a = 59.109374720f
            a <- MathF.FusedMultiplyAdd(a, r, 159.29113202f)
            a <- MathF.FusedMultiplyAdd(a, r, 50.434271938f)
            a <- MathF.FusedMultiplyAdd(a, r, 3.3871327179f)
            let mutable b = 67.187563600f
            b <- MathF.FusedMultiplyAdd(b, r, 78.757757664f)
            b <- MathF.FusedMultiplyAdd(b, r, 17.895169469f)
            b <- MathF.FusedMultiplyAdd(b, r, 1.0f)
            q * a / b
        else
            // The tail probability, exact to float32 even where q itself has lost it.
            let tail = if q < 0.0f then word else ~~~word
            let r = MathF.Sqrt(-(log ((float32 tail + 0.5f) * 2.3283064e-10f)))

            // A 32-bit tail probability keeps r below 4.8, so the algorithm's far branch (r > 5) never applies.
            let r = r - 1.6f
            let mutable a = 0.17023821103f
            a <- MathF.FusedMultiplyAdd(a, r, 1.3067284816f)
            a <- MathF.FusedMultiplyAdd(a, r, 2.7568153900f)
            a <- MathF.FusedMultiplyAdd(a, r, 1.4234372777f)
            let mutable b = 0.12021132975f
            b <- MathF.FusedMultiplyAdd(b, r, 0.73700164250f)
            b <- MathF.FusedMultiplyAdd(b, r, 1.0f)
            let magnitude = a / b
            if q < 0.0f then -magnitude else magnitude
