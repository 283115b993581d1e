namespace SynthSae.Compute.Files

open System
open System.Runtime.Intrinsics

/// Numbers of 16 bits as float32, exactly; `target` has as many elements as there are numbers.
module internal HalfFloats =
    /// Numbers at a time.
    let private lanes = Vector256<uint16>.Count

    /// Eight numbers of bfloat16: the upper halves of float32.
    let private ofBFloat (bits: Vector256<uint32>) =
        Vector256.ShiftLeft(bits, 16).AsSingle()

    /// Eight numbers of IEEE half precision. Exponent and fraction, moved to where those of a float32 are, make a number
    /// that is too small by 2¹¹², also where the exponent is 0; an exponent of ones stays one.
    let private ofHalf (bits: Vector256<uint32>) =
        let magnitude = bits &&& Vector256.Create 0x7FFFu
        let small = Vector256.ShiftLeft(magnitude, 13).AsSingle()
        let scaled = (small * Vector256.Create(MathF.ScaleB(1.0f, 112))).AsUInt32()
        let special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create 0x7C00u)
        let ones = special &&& Vector256.Create 0x7F800000u
        let sign = Vector256.ShiftLeft(bits &&& Vector256.Create 0x8000u, 16)
        (scaled ||| ones ||| sign).AsSingle()

    let inline private widen
        ([<InlineIfLambda>] convert: Vector256<uint32> -> Vector256<float32>)
        (source: ReadOnlySpan<uint16>)
        (target: Span<float32>)
        =
        let mutable i = 0

        while i + lanes <= source.Length do
            let bits = Vector256.Create<uint16>(values = source.Slice(i, lanes))
            let struct (low, high) = Vector256.Widen bits
            (convert low).CopyTo(target.Slice i)
            (convert high).CopyTo(target.Slice(i + lanes / 2))
            i <- i + lanes

        while i < source.Length do
            target[i] <- (convert (Vector256.CreateScalar(uint32 source[i])))[0]
            i <- i + 1

    /// bfloat16.
    let ofBFloats (source: ReadOnlySpan<uint16>) (target: Span<float32>) =
        widen ofBFloat source target

    /// IEEE half precision.
    let ofHalves (source: ReadOnlySpan<uint16>) (target: Span<float32>) = widen ofHalf source target
