namespace SynthSae.Compute.Ops

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop
open SynthSae.Compute

/// A sample's output is made in blocks of 256 columns, held in sixteen registers while the entries'
/// rows stream through; the row after next is fetched ahead.
module DecodeCodesCpu =
    /// Columns that one pass over the entries makes.
    [<Literal>]
    let private Block = 256

    /// Samples per piece of work.
    [<Literal>]
    let private Grain = 64

    let inline private prefetch (row: nativeptr<float32>) =
        if Sse.IsSupported then
            for line in 0 .. Block / 16 - 1 do
                Sse.Prefetch0(NativePtr.toVoidPtr (NativePtr.add row (16 * line)))

    let inline private step (c: Vector512<float32>) (row: nativeptr<float32>) column sum =
        Vector512.FusedMultiplyAdd(c, Vector512.Load(NativePtr.add row column), sum)

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private block
        (index: nativeptr<int>)
        (value: nativeptr<float32>)
        count
        (rows: nativeptr<float32>)
        stride
        (bias: nativeptr<float32>)
        (x: nativeptr<float32>)
        =
        let mutable s0 = Vector512.Load bias
        let mutable s1 = Vector512.Load(NativePtr.add bias 16)
        let mutable s2 = Vector512.Load(NativePtr.add bias 32)
        let mutable s3 = Vector512.Load(NativePtr.add bias 48)
        let mutable s4 = Vector512.Load(NativePtr.add bias 64)
        let mutable s5 = Vector512.Load(NativePtr.add bias 80)
        let mutable s6 = Vector512.Load(NativePtr.add bias 96)
        let mutable s7 = Vector512.Load(NativePtr.add bias 112)
        let mutable s8 = Vector512.Load(NativePtr.add bias 128)
        let mutable s9 = Vector512.Load(NativePtr.add bias 144)
        let mutable s10 = Vector512.Load(NativePtr.add bias 160)
        let mutable s11 = Vector512.Load(NativePtr.add bias 176)
        let mutable s12 = Vector512.Load(NativePtr.add bias 192)
        let mutable s13 = Vector512.Load(NativePtr.add bias 208)
        let mutable s14 = Vector512.Load(NativePtr.add bias 224)
        let mutable s15 = Vector512.Load(NativePtr.add bias 240)

        for entry in 0 .. count - 1 do
            let ahead = min (entry + 2) (count - 1)
            prefetch (NativePtr.add rows (NativePtr.get index ahead * stride))
            let row = NativePtr.add rows (NativePtr.get index entry * stride)
            let c = Vector512.Create(NativePtr.get value entry)
            s0 <- step c row 0 s0
            s1 <- step c row 16 s1
            s2 <- step c row 32 s2
            s3 <- step c row 48 s3
            s4 <- step c row 64 s4
            s5 <- step c row 80 s5
            s6 <- step c row 96 s6
            s7 <- step c row 112 s7
            s8 <- step c row 128 s8
            s9 <- step c row 144 s9
            s10 <- step c row 160 s10
            s11 <- step c row 176 s11
            s12 <- step c row 192 s12
            s13 <- step c row 208 s13
            s14 <- step c row 224 s14
            s15 <- step c row 240 s15

        Vector512.Store(s0, x)
        Vector512.Store(s1, NativePtr.add x 16)
        Vector512.Store(s2, NativePtr.add x 32)
        Vector512.Store(s3, NativePtr.add x 48)
        Vector512.Store(s4, NativePtr.add x 64)
        Vector512.Store(s5, NativePtr.add x 80)
        Vector512.Store(s6, NativePtr.add x 96)
        Vector512.Store(s7, NativePtr.add x 112)
        Vector512.Store(s8, NativePtr.add x 128)
        Vector512.Store(s9, NativePtr.add x 144)
        Vector512.Store(s10, NativePtr.add x 160)
        Vector512.Store(s11, NativePtr.add x 176)
        Vector512.Store(s12, NativePtr.add x 192)
        Vector512.Store(s13, NativePtr.add x 208)
        Vector512.Store(s14, NativePtr.add x 224)
        Vector512.Store(s15, NativePtr.add x 240)

    /// The columns after the last full block: by vector, then one by one.
    let private rest
        (index: nativeptr<int>)
        (value: nativeptr<float32>)
        count
        (rows: nativeptr<float32>)
        stride
        (bias: nativeptr<float32>)
        (x: nativeptr<float32>)
        columns
        =
        let mutable column = 0

        while column + 16 <= columns do
            let mutable sum = Vector512.Load(NativePtr.add bias column)

            for entry in 0 .. count - 1 do
                let row = NativePtr.add rows (NativePtr.get index entry * stride)
                sum <- step (Vector512.Create(NativePtr.get value entry)) row column sum

            Vector512.Store(sum, NativePtr.add x column)
            column <- column + 16

        while column < columns do
            let mutable sum = NativePtr.get bias column

            for entry in 0 .. count - 1 do
                let weight = NativePtr.get rows (NativePtr.get index entry * stride + column)
                sum <- MathF.FusedMultiplyAdd(NativePtr.get value entry, weight, sum)

            NativePtr.set x column sum
            column <- column + 1

    /// One sample: x (D) = Σ value·row(index) + bias, for `count` entries.
    let sample
        (index: ReadOnlySpan<int>)
        (value: ReadOnlySpan<float32>)
        (rows: Matrix)
        (bias: float32[])
        (x: nativeptr<float32>)
        =
        use index = fixed &MemoryMarshal.GetReference index
        let count = value.Length
        use value = fixed &MemoryMarshal.GetReference value
        use bias = fixed bias
        let columns = rows.Cols
        let blocked = columns / Block * Block

        for column in 0..Block .. blocked - 1 do
            block
                index
                value
                count
                (NativePtr.add rows.Ptr column)
                columns
                (NativePtr.add bias column)
                (NativePtr.add x column)

        if blocked < columns then
            rest
                index
                value
                count
                (NativePtr.add rows.Ptr blocked)
                columns
                (NativePtr.add bias blocked)
                (NativePtr.add x blocked)
                (columns - blocked)

    /// x = codes · rows + bias.
    let run threads (codes: Codes) (rows: Matrix) (bias: float32[]) (x: Matrix) =
        DecodeCodes.check codes rows bias x

        Threads.ranges threads codes.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                sample (codes.RowIndex row) (codes.RowValue row) rows bias (x.RowPtr row))
