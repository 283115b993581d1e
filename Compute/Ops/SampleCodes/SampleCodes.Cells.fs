namespace SynthSae.Compute.Ops

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// The inner loops behind the always-tried features: draws in bulk, and the cells of opened groups.
module internal CellKernels =
    let inline private add (p: nativeptr<'T>) i = NativePtr.add p i

    /// Philox blocks of (block, row) pairs, `count` rounded up to eights; four words per pair, in order.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
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
    [<MethodImpl(MethodImplOptions.NoInlining)>]
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

        let g = Vector512.FusedMultiplyAdd(field Cell.Sd, NormalVector.ofWords firing, m)
        let fires = Vector512.GreaterThan(g, field Cell.Threshold)

        let value =
            Vector512.FusedMultiplyAdd(
                field Cell.Std,
                NormalVector.ofWords magnitude,
                field Cell.Mean
            )

        let kept = fires &&& Vector512.GreaterThan(value, Vector512<float32>.Zero)
        Vector512.ConditionalSelect(kept, value, Vector512<float32>.Zero)

    let inline private store4 (v: Vector512<float32>) (target: nativeptr<float32>) =
        Vector128.Store(v.GetLower().GetLower(), target)
        Vector128.Store(v.GetLower().GetUpper(), add target 8)
        Vector128.Store(v.GetUpper().GetLower(), add target 16)
        Vector128.Store(v.GetUpper().GetUpper(), add target 24)

    /// Values (count, 4) of cells before the hierarchy; `count` is rounded up to eights.
    /// `cell` are addresses of rows of `SamplerPlan.Cells`, `factor` columns of the factor (R, Slots).
    [<MethodImpl(MethodImplOptions.NoInlining)>]
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

            // The next eight cells come from all over the memory: fetch them meanwhile.
            let following = if k + 8 < count then 8 else 0

            for j in following .. following + 7 do
                Simd.prefetch (cell j) (Cell.size rank)

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
                    let e = Vector128.Create(NativePtr.get e (ChunkKernels.Slots * r))

                    Vector128.FusedMultiplyAdd(Vector128.Load(add c (Cell.Factor + 4 * r)), e, m)

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
