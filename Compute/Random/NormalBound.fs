namespace SynthSae.Compute

open System

/// An upper bound of `Normal.ofWord` from the leading bits of the complement of a word.
module NormalBound =
    /// Smaller complements share a bucket.
    [<Literal>]
    let Floor = 0x10000u

    /// Bucket of a complement t = ~word: the exponent and the first bit of the mantissa of t as float32.
    let bucket (complement: uint32) : int =
        (BitConverter.SingleToInt32Bits(float32 (max complement Floor)) >>> 22) &&& 31

    /// (32): no word whose complement falls into a bucket has a larger normal number. Rounding to
    /// float32 can lift a complement into the bucket above by a part in 2²⁴, or from the largest to the
    /// smallest; the slack covers that, and that `Normal.ofWord` need not be monotone to the last bit.
    let table: float32[] =
        let table = Array.zeroCreate 32

        for exponent in 16..31 do
            for half in 0..1 do
                let first = (1u <<< exponent) + (uint32 half <<< (exponent - 1))
                let smallest = if first = Floor then 0u else first - (first >>> 22)
                let bound = Normal.ofWord ~~~smallest
                table[bucket first] <- bound + 1e-4f + 1e-5f * MathF.Abs bound

        table
