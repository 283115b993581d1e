namespace SynthSae.Compute.Ops

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute
open SynthSae.Spec

/// What a product reads, at a precision (`Precision`): the same bits on every backend. Infinite numbers stay, numbers
/// above the largest become infinite, and NaN stays NaN.
module Rounding =
    /// 7 bits of fraction, to nearest, ties to even.
    let bf16 (value: float32) : float32 =
        let bits = BitConverter.SingleToUInt32Bits value

        if Single.IsNaN value then
            value
        else
            BitConverter.UInt32BitsToSingle(
                (bits + 0x7FFFu + ((bits >>> 16) &&& 1u)) &&& ~~~0xFFFFu
            )

    /// 10 bits of fraction, to nearest, ties away from zero.
    let tf32 (value: float32) : float32 =
        let bits = BitConverter.SingleToUInt32Bits value

        if Single.IsNaN value then
            value
        else
            BitConverter.UInt32BitsToSingle((bits + 0x1000u) &&& ~~~0x1FFFu)

    /// A number at a precision.
    let number (precision: Precision) : float32 -> float32 =
        match precision with
        | Precision.Fp32 -> id
        | Precision.Tf32 -> tf32
        | Precision.Bf16 -> bf16

    let private bf16s (values: Vector512<float32>) =
        let bits = values.AsUInt32()
        let even = Vector512.ShiftRightLogical(bits, 16) &&& Vector512.Create 1u
        let rounded = (bits + Vector512.Create 0x7FFFu + even) &&& Vector512.Create(~~~0xFFFFu)
        rounded.AsSingle()

    let private tf32s (values: Vector512<float32>) =
        let rounded =
            (values.AsUInt32() + Vector512.Create 0x1000u) &&& Vector512.Create(~~~0x1FFFu)

        rounded.AsSingle()

    let private round precision (source: nativeptr<float32>) (target: nativeptr<float32>) count =
        let mutable i = 0

        while i <= count - 16 do
            let values = Vector512.Load(NativePtr.add source i)
            let rounded = if precision = Precision.Bf16 then bf16s values else tf32s values
            let isNumber = Vector512.Equals(values, values)

            Vector512.Store(
                Vector512.ConditionalSelect(isNumber, rounded, values),
                NativePtr.add target i
            )

            i <- i + 16

        while i < count do
            NativePtr.set target i (number precision (NativePtr.get source i))
            i <- i + 1

    /// All numbers of a matrix, written to another of its shape.
    let matrix threads (precision: Precision) (source: Matrix) (target: Matrix) =
        Threads.ranges threads source.Rows 64 (fun _ first last ->
            let count = (last - first) * source.Cols
            round precision (source.RowPtr first) (target.RowPtr first) count)
