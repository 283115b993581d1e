namespace SynthSae.Compute.Files

open System
open System.Buffers.Binary
open System.Numerics
open System.Runtime.InteropServices
open System.Text

/// Sums that tell texts apart and find damage. Not for secrets.
module Checksum =
    /// Continue a CRC-32C (Castagnoli) over more bytes; start with 0.
    let crc32c (previous: uint32) (bytes: ReadOnlySpan<byte>) : uint32 =
        let mutable crc = ~~~previous
        let mutable rest = bytes

        while rest.Length >= 8 do
            crc <- BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian rest)
            rest <- rest.Slice 8

        for value in rest do
            crc <- BitOperations.Crc32C(crc, value)

        ~~~crc

    /// Continue a CRC-32C over the bytes of numbers.
    let crc32cOf (previous: uint32) (values: ReadOnlySpan<float32>) : uint32 =
        // A span of bytes has at most 2³¹ of them.
        let chunk = 1 <<< 24
        let mutable crc = previous
        let mutable rest = values

        while rest.Length > 0 do
            let length = min chunk rest.Length
            crc <- crc32c crc (MemoryMarshal.AsBytes(rest.Slice(0, length)))
            rest <- rest.Slice length

        crc

    /// 128-bit FNV-1a (Fowler, Noll, Vo) of a text's UTF-8 bytes, as 32 hexadecimal digits.
    let fnv1a (text: string) : string =
        let prime = UInt128(0x0000000001000000UL, 0x000000000000013BUL)
        let basis = UInt128(0x6C62272E07BB0142UL, 0x62B821756295C58DUL)

        (basis, Encoding.UTF8.GetBytes text)
        ||> Array.fold (fun hash value -> (hash ^^^ UInt128.op_Implicit value) * prime)
        |> fun hash -> hash.ToString "x32"
