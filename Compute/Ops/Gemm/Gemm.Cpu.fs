namespace SynthSae.Compute.Ops

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop
open SynthSae.Compute

/// Blocked product after Goto and van de Geijn ("Anatomy of high-performance matrix multiplication",
/// 2008): B is packed into panels of `TileCols` columns that stay in L1, A into panels of `TileRows`
/// rows in L2, and a register tile of TileRows × TileCols runs over both.
module GemmCpu =
    [<Literal>]
    let TileRows = 12

    [<Literal>]
    let TileCols = 32

    /// Rows of A that a worker packs at a time: 144 × 384 floats fill a quarter of a 1 MB L2.
    [<Literal>]
    let BlockM = 144

    /// Rows and columns of a square that is mirrored at a time.
    [<Literal>]
    let private MirrorBlock = 64

    module private Vector512Store =
        let inline add
            (start: nativeptr<float32>)
            (c: nativeptr<float32>)
            stride
            row
            col
            (sum: Vector512<float32>)
            =
            let target = NativePtr.add c (row * stride + col)

            let from =
                if NativePtr.isNullPtr start then
                    Vector512.Load target
                else
                    Vector512.Load(NativePtr.add start col)

            Vector512.Store(from + sum, target)

    module private Vector256Store =
        let inline add
            (start: nativeptr<float32>)
            (c: nativeptr<float32>)
            stride
            row
            col
            (sum: Vector256<float32>)
            =
            let target = NativePtr.add c (row * stride + col)

            let from =
                if NativePtr.isNullPtr start then
                    Vector256.Load target
                else
                    Vector256.Load(NativePtr.add start col)

            Vector256.Store(from + sum, target)

    /// One register tile: c (12, 32) += left (depth, 12)ᵀ · right (depth, 32), or starts from the row `start`.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private tile512
        (depth: int)
        (left: nativeptr<float32>)
        (right: nativeptr<float32>)
        (start: nativeptr<float32>)
        (c: nativeptr<float32>)
        (stride: int)
        =
        let mutable left = left
        let mutable right = right

        let mutable c0x0 = Vector512<float32>.Zero
        let mutable c0x1 = Vector512<float32>.Zero
        let mutable c1x0 = Vector512<float32>.Zero
        let mutable c1x1 = Vector512<float32>.Zero
        let mutable c2x0 = Vector512<float32>.Zero
        let mutable c2x1 = Vector512<float32>.Zero
        let mutable c3x0 = Vector512<float32>.Zero
        let mutable c3x1 = Vector512<float32>.Zero
        let mutable c4x0 = Vector512<float32>.Zero
        let mutable c4x1 = Vector512<float32>.Zero
        let mutable c5x0 = Vector512<float32>.Zero
        let mutable c5x1 = Vector512<float32>.Zero
        let mutable c6x0 = Vector512<float32>.Zero
        let mutable c6x1 = Vector512<float32>.Zero
        let mutable c7x0 = Vector512<float32>.Zero
        let mutable c7x1 = Vector512<float32>.Zero
        let mutable c8x0 = Vector512<float32>.Zero
        let mutable c8x1 = Vector512<float32>.Zero
        let mutable c9x0 = Vector512<float32>.Zero
        let mutable c9x1 = Vector512<float32>.Zero
        let mutable c10x0 = Vector512<float32>.Zero
        let mutable c10x1 = Vector512<float32>.Zero
        let mutable c11x0 = Vector512<float32>.Zero
        let mutable c11x1 = Vector512<float32>.Zero

        for _ in 1..depth do
            let b0 = Vector512.Load right
            let b1 = Vector512.Load(NativePtr.add right 16)
            let a0 = Vector512.Create(NativePtr.get left 0)
            c0x0 <- Vector512.FusedMultiplyAdd(a0, b0, c0x0)
            c0x1 <- Vector512.FusedMultiplyAdd(a0, b1, c0x1)
            let a1 = Vector512.Create(NativePtr.get left 1)
            c1x0 <- Vector512.FusedMultiplyAdd(a1, b0, c1x0)
            c1x1 <- Vector512.FusedMultiplyAdd(a1, b1, c1x1)
            let a2 = Vector512.Create(NativePtr.get left 2)
            c2x0 <- Vector512.FusedMultiplyAdd(a2, b0, c2x0)
            c2x1 <- Vector512.FusedMultiplyAdd(a2, b1, c2x1)
            let a3 = Vector512.Create(NativePtr.get left 3)
            c3x0 <- Vector512.FusedMultiplyAdd(a3, b0, c3x0)
            c3x1 <- Vector512.FusedMultiplyAdd(a3, b1, c3x1)
            let a4 = Vector512.Create(NativePtr.get left 4)
            c4x0 <- Vector512.FusedMultiplyAdd(a4, b0, c4x0)
            c4x1 <- Vector512.FusedMultiplyAdd(a4, b1, c4x1)
            let a5 = Vector512.Create(NativePtr.get left 5)
            c5x0 <- Vector512.FusedMultiplyAdd(a5, b0, c5x0)
            c5x1 <- Vector512.FusedMultiplyAdd(a5, b1, c5x1)
            let a6 = Vector512.Create(NativePtr.get left 6)
            c6x0 <- Vector512.FusedMultiplyAdd(a6, b0, c6x0)
            c6x1 <- Vector512.FusedMultiplyAdd(a6, b1, c6x1)
            let a7 = Vector512.Create(NativePtr.get left 7)
            c7x0 <- Vector512.FusedMultiplyAdd(a7, b0, c7x0)
            c7x1 <- Vector512.FusedMultiplyAdd(a7, b1, c7x1)
            let a8 = Vector512.Create(NativePtr.get left 8)
            c8x0 <- Vector512.FusedMultiplyAdd(a8, b0, c8x0)
            c8x1 <- Vector512.FusedMultiplyAdd(a8, b1, c8x1)
            let a9 = Vector512.Create(NativePtr.get left 9)
            c9x0 <- Vector512.FusedMultiplyAdd(a9, b0, c9x0)
            c9x1 <- Vector512.FusedMultiplyAdd(a9, b1, c9x1)
            let a10 = Vector512.Create(NativePtr.get left 10)
            c10x0 <- Vector512.FusedMultiplyAdd(a10, b0, c10x0)
            c10x1 <- Vector512.FusedMultiplyAdd(a10, b1, c10x1)
            let a11 = Vector512.Create(NativePtr.get left 11)
            c11x0 <- Vector512.FusedMultiplyAdd(a11, b0, c11x0)
            c11x1 <- Vector512.FusedMultiplyAdd(a11, b1, c11x1)
            left <- NativePtr.add left TileRows
            right <- NativePtr.add right TileCols

        Vector512Store.add start c stride 0 0 c0x0
        Vector512Store.add start c stride 0 16 c0x1
        Vector512Store.add start c stride 1 0 c1x0
        Vector512Store.add start c stride 1 16 c1x1
        Vector512Store.add start c stride 2 0 c2x0
        Vector512Store.add start c stride 2 16 c2x1
        Vector512Store.add start c stride 3 0 c3x0
        Vector512Store.add start c stride 3 16 c3x1
        Vector512Store.add start c stride 4 0 c4x0
        Vector512Store.add start c stride 4 16 c4x1
        Vector512Store.add start c stride 5 0 c5x0
        Vector512Store.add start c stride 5 16 c5x1
        Vector512Store.add start c stride 6 0 c6x0
        Vector512Store.add start c stride 6 16 c6x1
        Vector512Store.add start c stride 7 0 c7x0
        Vector512Store.add start c stride 7 16 c7x1
        Vector512Store.add start c stride 8 0 c8x0
        Vector512Store.add start c stride 8 16 c8x1
        Vector512Store.add start c stride 9 0 c9x0
        Vector512Store.add start c stride 9 16 c9x1
        Vector512Store.add start c stride 10 0 c10x0
        Vector512Store.add start c stride 10 16 c10x1
        Vector512Store.add start c stride 11 0 c11x0
        Vector512Store.add start c stride 11 16 c11x1

    /// A quarter-height, half-width tile for machines with 256-bit registers: c (6, 16).
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private tile256
        (depth: int)
        (left: nativeptr<float32>)
        (right: nativeptr<float32>)
        (start: nativeptr<float32>)
        (c: nativeptr<float32>)
        (stride: int)
        =
        let mutable left = left
        let mutable right = right

        let mutable c0x0 = Vector256<float32>.Zero
        let mutable c0x1 = Vector256<float32>.Zero
        let mutable c1x0 = Vector256<float32>.Zero
        let mutable c1x1 = Vector256<float32>.Zero
        let mutable c2x0 = Vector256<float32>.Zero
        let mutable c2x1 = Vector256<float32>.Zero
        let mutable c3x0 = Vector256<float32>.Zero
        let mutable c3x1 = Vector256<float32>.Zero
        let mutable c4x0 = Vector256<float32>.Zero
        let mutable c4x1 = Vector256<float32>.Zero
        let mutable c5x0 = Vector256<float32>.Zero
        let mutable c5x1 = Vector256<float32>.Zero

        for _ in 1..depth do
            let b0 = Vector256.Load right
            let b1 = Vector256.Load(NativePtr.add right 8)
            let a0 = Vector256.Create(NativePtr.get left 0)
            c0x0 <- Vector256.FusedMultiplyAdd(a0, b0, c0x0)
            c0x1 <- Vector256.FusedMultiplyAdd(a0, b1, c0x1)
            let a1 = Vector256.Create(NativePtr.get left 1)
            c1x0 <- Vector256.FusedMultiplyAdd(a1, b0, c1x0)
            c1x1 <- Vector256.FusedMultiplyAdd(a1, b1, c1x1)
            let a2 = Vector256.Create(NativePtr.get left 2)
            c2x0 <- Vector256.FusedMultiplyAdd(a2, b0, c2x0)
            c2x1 <- Vector256.FusedMultiplyAdd(a2, b1, c2x1)
            let a3 = Vector256.Create(NativePtr.get left 3)
            c3x0 <- Vector256.FusedMultiplyAdd(a3, b0, c3x0)
            c3x1 <- Vector256.FusedMultiplyAdd(a3, b1, c3x1)
            let a4 = Vector256.Create(NativePtr.get left 4)
            c4x0 <- Vector256.FusedMultiplyAdd(a4, b0, c4x0)
            c4x1 <- Vector256.FusedMultiplyAdd(a4, b1, c4x1)
            let a5 = Vector256.Create(NativePtr.get left 5)
            c5x0 <- Vector256.FusedMultiplyAdd(a5, b0, c5x0)
            c5x1 <- Vector256.FusedMultiplyAdd(a5, b1, c5x1)
            left <- NativePtr.add left TileRows
            right <- NativePtr.add right TileCols

        Vector256Store.add start c stride 0 0 c0x0
        Vector256Store.add start c stride 0 8 c0x1
        Vector256Store.add start c stride 1 0 c1x0
        Vector256Store.add start c stride 1 8 c1x1
        Vector256Store.add start c stride 2 0 c2x0
        Vector256Store.add start c stride 2 8 c2x1
        Vector256Store.add start c stride 3 0 c3x0
        Vector256Store.add start c stride 3 8 c3x1
        Vector256Store.add start c stride 4 0 c4x0
        Vector256Store.add start c stride 4 8 c4x1
        Vector256Store.add start c stride 5 0 c5x0
        Vector256Store.add start c stride 5 8 c5x1

    /// The whole 12 × 32 register tile, by whichever unit the machine has.
    let private tile depth left right start (c: nativeptr<float32>) stride =
        if Vector512.IsHardwareAccelerated then
            tile512 depth left right start c stride
        else
            for row in 0..6..11 do
                for col in 0..16..31 do
                    let start = if NativePtr.isNullPtr start then start else NativePtr.add start col

                    tile256
                        depth
                        (NativePtr.add left row)
                        (NativePtr.add right col)
                        start
                        (NativePtr.add c (row * stride + col))
                        stride

    /// A tile that hangs over the edge of C: the same sums by way of a scratch tile.
    let private edgeTile
        depth
        left
        right
        start
        (c: nativeptr<float32>)
        stride
        rows
        cols
        (scratch: nativeptr<float32>)
        =
        if NativePtr.isNullPtr start then
            for row in 0 .. rows - 1 do
                for col in 0 .. cols - 1 do
                    NativePtr.set
                        scratch
                        (row * TileCols + col)
                        (NativePtr.get c (row * stride + col))

        tile depth left right start scratch TileCols

        for row in 0 .. rows - 1 do
            for col in 0 .. cols - 1 do
                NativePtr.set c (row * stride + col) (NativePtr.get scratch (row * TileCols + col))

    /// 4 × 4 floats from rows `stride` apart, transposed into rows `width` apart.
    let inline private transpose4
        (source: nativeptr<float32>)
        stride
        (target: nativeptr<float32>)
        width
        =
        let r0 = Vector128.Load source
        let r1 = Vector128.Load(NativePtr.add source stride)
        let r2 = Vector128.Load(NativePtr.add source (2 * stride))
        let r3 = Vector128.Load(NativePtr.add source (3 * stride))
        let low01 = Sse.UnpackLow(r0, r1)
        let low23 = Sse.UnpackLow(r2, r3)
        let high01 = Sse.UnpackHigh(r0, r1)
        let high23 = Sse.UnpackHigh(r2, r3)
        Vector128.Store(Sse.MoveLowToHigh(low01, low23), target)
        Vector128.Store(Sse.MoveHighToLow(low23, low01), NativePtr.add target width)
        Vector128.Store(Sse.MoveLowToHigh(high01, high23), NativePtr.add target (2 * width))
        Vector128.Store(Sse.MoveHighToLow(high23, high01), NativePtr.add target (3 * width))

    /// Pack `lanes` consecutive vectors of length `depth`, each contiguous in the source (vector v starts
    /// at source + v·stride), as depth rows of `width` ≥ lanes; missing lanes are 0.
    let private packAcross
        (source: nativeptr<float32>)
        stride
        lanes
        depth
        (target: nativeptr<float32>)
        width
        =
        let blocked = if Sse.IsSupported then lanes &&& ~~~3 else 0
        let deep = depth &&& ~~~3
        let mutable lane = 0

        while lane < blocked do
            let from = NativePtr.add source (lane * stride)
            let into = NativePtr.add target lane
            let mutable k = 0

            while k < deep do
                transpose4 (NativePtr.add from k) stride (NativePtr.add into (k * width)) width
                k <- k + 4

            while k < depth do
                for l in 0..3 do
                    NativePtr.set into (k * width + l) (NativePtr.get from (l * stride + k))

                k <- k + 1

            lane <- lane + 4

        for lane in blocked .. width - 1 do
            for k in 0 .. depth - 1 do
                let value = if lane < lanes then NativePtr.get source (lane * stride + k) else 0.0f
                NativePtr.set target (k * width + lane) value

    /// The same for lanes that are adjacent in the source: row k starts at source + k·stride.
    let private packAlong
        (source: nativeptr<float32>)
        stride
        lanes
        depth
        (target: nativeptr<float32>)
        width
        =
        let bytes = uint32 (4 * lanes)

        for k in 0 .. depth - 1 do
            let row = NativePtr.add target (k * width)

            Unsafe.CopyBlockUnaligned(
                NativePtr.toVoidPtr row,
                NativePtr.toVoidPtr (NativePtr.add source (k * stride)),
                bytes
            )

            for lane in lanes .. width - 1 do
                NativePtr.set row lane 0.0f

    /// Pack lanes first … first+lanes−1 over k0 … k0+depth−1 of a matrix whose lanes are rows or columns.
    let private pack lanesAreRows (matrix: Matrix) first lanes k0 depth target width =
        if lanesAreRows then
            packAcross (NativePtr.add (matrix.RowPtr first) k0) matrix.Cols lanes depth target width
        else
            packAlong (NativePtr.add (matrix.RowPtr k0) first) matrix.Cols lanes depth target width

    let private panels lanes width = (lanes + width - 1) / width

    /// Rows per piece of work: full panels, at most `BlockM`, so many pieces that the threads share them evenly.
    let private pieceRows threads m =
        let rowPanels = panels m TileRows
        let pieces = max 1 (panels (panels m BlockM) threads * threads)
        TileRows * max 1 (panels rowPanels pieces)

    /// Packed operands, kept between calls by the thread that asks for products.
    [<AllowNullLiteral>]
    type private Workspace() =
        [<ThreadStatic; DefaultValue>]
        static val mutable private ofThread: Workspace

        let mutable left = Matrix(0, 0)
        let mutable right = Matrix(0, 0)

        static member OfThread =
            if isNull Workspace.ofThread then
                Workspace.ofThread <- Workspace()

            Workspace.ofThread

        /// One row of `size` floats for each worker.
        member _.Left(workers, size) =
            if left.Rows < workers || left.Cols < size then
                left <- Matrix(max workers left.Rows, max size left.Cols)

            left

        /// One row of `size` floats for each panel.
        member _.Right(rows, size) =
            if right.Length < rows * size then
                right <- Matrix(1, rows * size)

            right

    /// C = op(A)·op(B) + bias (N), or without bias when it is empty; with `upper`, at least where column ≥ row.
    let private product upper threads transA (a: Matrix) transB (b: Matrix) bias (c: Matrix) =
        let struct (m, n, k) = Gemm.check transA a transB b c
        Gemm.checkBias bias n
        let colPanels = panels n TileCols
        let pieceRows = pieceRows threads m
        let packedRight = Workspace.OfThread.Right(colPanels, TileCols * Gemm.BlockK)

        let packedLeft =
            Workspace.OfThread.Left(threads, pieceRows * Gemm.BlockK + TileRows * TileCols)

        let start = Matrix(1, colPanels * TileCols)
        (bias: float32[]).AsSpan().CopyTo start.Span

        let rightPanel depth panel =
            NativePtr.add packedRight.Ptr (panel * TileCols * depth)

        let multiplyPiece k0 depth worker firstRow lastRow =
            let left = packedLeft.RowPtr worker
            let scratch = NativePtr.add left (pieceRows * Gemm.BlockK)
            let rowPanels = panels (lastRow - firstRow) TileRows

            for panel in 0 .. rowPanels - 1 do
                let row = firstRow + panel * TileRows

                pack
                    (not transA)
                    a
                    row
                    (min TileRows (lastRow - row))
                    k0
                    depth
                    (NativePtr.add left (panel * TileRows * depth))
                    TileRows

            let firstPanel = if upper then firstRow / TileCols else 0

            for colPanel in firstPanel .. colPanels - 1 do
                let col = colPanel * TileCols
                let right = rightPanel depth colPanel
                let from = if k0 = 0 then NativePtr.add start.Ptr col else NativePtr.nullPtr

                for panel in 0 .. rowPanels - 1 do
                    let row = firstRow + panel * TileRows
                    let target = NativePtr.add (c.RowPtr row) col
                    let left = NativePtr.add left (panel * TileRows * depth)
                    let rows = min TileRows (lastRow - row)
                    let cols = min TileCols (n - col)

                    if rows = TileRows && cols = TileCols then
                        tile depth left right from target n
                    else
                        edgeTile depth left right from target n rows cols scratch

        for k0 in 0 .. Gemm.BlockK .. max 0 (k - 1) do
            let depth = min Gemm.BlockK (k - k0)

            Threads.iter threads colPanels (fun _ panel ->
                let col = panel * TileCols

                pack
                    transB
                    b
                    col
                    (min TileCols (n - col))
                    k0
                    depth
                    (rightPanel depth panel)
                    TileCols)

            Threads.ranges threads m pieceRows (multiplyPiece k0 depth)

    /// Copy what lies above the diagonal of a square matrix below it.
    let private mirror threads (c: Matrix) =
        let size = c.Rows

        Threads.ranges threads size MirrorBlock (fun _ first last ->
            for left in 0..MirrorBlock .. first - 1 do
                for row in first..4 .. last - 1 do
                    for col in left..4 .. left + MirrorBlock - 4 do
                        let source = NativePtr.add (c.RowPtr col) row

                        if row + 4 <= last && Sse.IsSupported then
                            transpose4 source size (NativePtr.add (c.RowPtr row) col) size
                        else
                            for i in row .. min last (row + 4) - 1 do
                                for j in col .. col + 3 do
                                    c[i, j] <- c[j, i]

            for row in first .. last - 1 do
                for col in first .. row - 1 do
                    c[row, col] <- c[col, row])

    /// C = op(A)·op(B) + bias (N), or without bias when it is empty.
    let multiplyAdd threads transA a transB b bias c =
        product false threads transA a transB b bias c

    /// C = A·Aᵀ, of which half is computed: the bits of `multiply`.
    let gram threads (a: Matrix) (c: Matrix) =
        product true threads false a true a [||] c
        mirror threads c

    /// C = op(A)·op(B).
    let multiply threads transA a transB b c =
        multiplyAdd threads transA a transB b [||] c
