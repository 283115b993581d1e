namespace SynthSae.Compute.Ops

open System
open System.Numerics
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// The entries of a few consecutive rows that may be selected, row after row.
[<Sealed; AllowNullLiteral>]
type private SelectionCandidates() =
    let mutable index: int[] = Array.zeroCreate 1024
    let mutable value: float32[] = Array.zeroCreate 1024

    member val Count = 0 with get, set
    member _.Index = index
    member _.Value = value

    member _.Reserve(count: int) =
        if index.Length < count then
            let capacity = max count (2 * index.Length)
            Array.Resize(&index, capacity)
            Array.Resize(&value, capacity)

/// Selection by a guessed bound: one pass over `pre` collects the entries above the bound, and only those are
/// ranked. A bound that was too high is noticed by the count, and the pass is made again from 0, so the
/// guess changes the time and never the result. One selector serves one thread of batches.
[<Sealed>]
type SelectCpu(threads: int) =
    static let grain = 16

    let mutable candidates: SelectionCandidates[] = [||]
    let mutable rowStart: int[] = [||]
    let mutable bound = 0.0f

    // The bits that stay of a compared value: all, or all but the sign.
    static let signed, absolute = UInt32.MaxValue, uint32 Int32.MaxValue

    static let keepBits bits (value: float32) =
        BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits value &&& bits)

    /// Entries of one row whose compared value exceeds `limit`, appended to the list.
    static let collect
        (bits: uint32)
        (row: nativeptr<float32>)
        (scale: nativeptr<float32>)
        length
        limit
        (found: SelectionCandidates)
        =
        found.Reserve(found.Count + length)
        let index = found.Index
        let value = found.Value
        let mutable count = found.Count
        let limits = Vector512.Create(limit: float32)
        let mask = Vector512.Create(bits).AsSingle()
        let mutable col = 0

        while col + Simd.Lanes <= length do
            let compared =
                Vector512.BitwiseAnd(
                    mask,
                    Vector512.Load(NativePtr.add row col) * Vector512.Load(NativePtr.add scale col)
                )

            let mutable above = Vector512.GreaterThan(compared, limits).ExtractMostSignificantBits()

            while above <> 0UL do
                let lane = col + BitOperations.TrailingZeroCount above
                index[count] <- lane
                value[count] <- keepBits bits (NativePtr.get row lane * NativePtr.get scale lane)
                count <- count + 1
                above <- above &&& (above - 1UL)

            col <- col + Simd.Lanes

        while col < length do
            let compared = keepBits bits (NativePtr.get row col * NativePtr.get scale col)

            if compared > limit then
                index[count] <- col
                value[count] <- compared
                count <- count + 1

            col <- col + 1

        found.Count <- count

    /// The value of rank `rank` (1 = largest) among positive values, by three passes over their bits.
    static let rankedValue (lists: SelectionCandidates[]) (pieces: int) (rank: int) : float32 =
        let histogram: int[] = Array.zeroCreate 2048
        let mutable prefix = 0u
        let mutable known = 0u
        let mutable remaining = rank

        for struct (shift, bits) in [| struct (21, 11); struct (10, 11); struct (0, 10) |] do
            Array.Clear histogram
            let digits = (1u <<< bits) - 1u

            for piece in 0 .. pieces - 1 do
                let list = lists[piece]

                for entry in 0 .. list.Count - 1 do
                    let word = BitConverter.SingleToUInt32Bits list.Value[entry]

                    if word &&& known = prefix then
                        let digit = int ((word >>> shift) &&& digits)
                        histogram[digit] <- histogram[digit] + 1

            let mutable digit = int digits

            while histogram[digit] < remaining do
                remaining <- remaining - histogram[digit]
                digit <- digit - 1

            prefix <- prefix ||| (uint32 digit <<< shift)
            known <- known ||| (digits <<< shift)

        BitConverter.UInt32BitsToSingle prefix

    let pieces rows = (rows + grain - 1) / grain

    let scaleRow (scale: float32[]) latents =
        if scale.Length = 0 then
            Matrix.init 1 latents (fun _ _ -> 1.0f)
        else
            Matrix.ofArray 1 latents scale

    /// Fill `candidates` and `rowStart` (start of each row within its piece's list). A row that has fewer than
    /// `least` entries above the limit gives those above a lower one, at last all its positive ones.
    let collectAll bits (pre: Matrix) (scale: float32[]) limit least =
        let count = pieces pre.Rows

        if candidates.Length < count then
            candidates <-
                Array.init count (fun piece ->
                    if piece < candidates.Length then candidates[piece] else SelectionCandidates())

        if rowStart.Length < pre.Rows then
            rowStart <- Array.zeroCreate pre.Rows

        let factors = scaleRow scale pre.Cols

        Threads.ranges threads pre.Rows grain (fun _ first last ->
            let found = candidates[first / grain]
            found.Count <- 0

            for row in first .. last - 1 do
                rowStart[row] <- found.Count
                collect bits (pre.RowPtr row) factors.Ptr pre.Cols limit found

                // A row whose values are smaller than the batch's: half the bound, a quarter, none.
                let mutable lower = limit

                while lower > 0.0f && found.Count - rowStart[row] < least do
                    lower <- if lower > 0.3f * limit then 0.5f * lower else 0.0f
                    found.Count <- rowStart[row]
                    collect bits (pre.RowPtr row) factors.Ptr pre.Cols lower found)

    let total rows =
        let mutable sum = 0

        for piece in 0 .. pieces rows - 1 do
            sum <- sum + candidates[piece].Count

        sum

    /// The candidates of a row: its list, and the range of its entries there.
    let rowRange rows row =
        let list = candidates[row / grain]
        let isLast = row + 1 = rows || (row + 1) % grain = 0
        struct (list, rowStart[row], (if isLast then list.Count else rowStart[row + 1]))

    /// Write the codes of all candidates that `keepEntry row (compared value)` accepts, in order.
    let emit (pre: Matrix) (codes: Codes) (limits: float32[]) (ties: int[]) =
        let rows = pre.Rows
        codes.Reset(rows, 0)
        let starts = codes.RowStart

        // A row keeps what exceeds its limit and the first ties[row] of what equals it.
        Threads.ranges threads rows grain (fun _ first last ->
            for row in first .. last - 1 do
                let struct (list, start, stop) = rowRange rows row
                let mutable kept = ties[row]

                for entry in start .. stop - 1 do
                    if list.Value[entry] > limits[row] then
                        kept <- kept + 1

                starts[row + 1] <- kept)

        starts[0] <- 0

        for row in 0 .. rows - 1 do
            starts[row + 1] <- starts[row + 1] + starts[row]

        codes.Reset(rows, starts[rows])
        let index = codes.Index
        let value = codes.Value

        Threads.ranges threads rows grain (fun _ first last ->
            for row in first .. last - 1 do
                let struct (list, start, stop) = rowRange rows row
                let mutable next = starts[row]
                let mutable tiesLeft = ties[row]

                for entry in start .. stop - 1 do
                    let compared = list.Value[entry]
                    let isTie = compared = limits[row] && tiesLeft > 0

                    if isTie then
                        tiesLeft <- tiesLeft - 1

                    if isTie || compared > limits[row] then
                        index[next] <- list.Index[entry]
                        value[next] <- pre[row, list.Index[entry]]
                        next <- next + 1)

    /// How many candidates of a row equal `limit`.
    let countTies rows row limit =
        let struct (list, start, stop) = rowRange rows row
        let mutable count = 0

        for entry in start .. stop - 1 do
            if list.Value[entry] = limit then
                count <- count + 1

        count

    let largestOfRows bits (pre: Matrix) scale k (codes: Codes) =
        let rows = pre.Rows
        let limits: float32[] = Array.zeroCreate rows
        let ties: int[] = Array.zeroCreate rows

        collectAll bits pre scale bound k

        Threads.ranges threads rows grain (fun _ first last ->
            for row in first .. last - 1 do
                let struct (list, start, stop) = rowRange rows row

                if k <= 0 then
                    limits[row] <- infinityf
                elif stop - start > k then
                    let ranked = list.Value.AsSpan(start, stop - start).ToArray()
                    limits[row] <- Ranking.kthLargest (ranked.AsSpan()) k

                    ties[row] <-
                        k - Array.length (Array.filter (fun value -> value > limits[row]) ranked))

        emit pre codes limits ties
        bound <- if rows = 0 || k <= 0 then 0.0f else 0.8f * Array.average limits

    /// The `count` largest positive entries of the batch. Returns the smallest compared value kept, 0 if none.
    member _.BatchTopK(pre: Matrix, scale: float32[], count: int, codes: Codes) : float32 =
        collectAll signed pre scale bound 0

        if bound > 0.0f && total pre.Rows < count then
            collectAll signed pre scale 0.0f 0

        let kept = min count (total pre.Rows)

        let limit = if kept = 0 then infinityf else rankedValue candidates (pieces pre.Rows) kept

        let limits = Array.create pre.Rows limit
        let mutable above = 0

        for piece in 0 .. pieces pre.Rows - 1 do
            let list = candidates[piece]

            for entry in 0 .. list.Count - 1 do
                if list.Value[entry] > limit then
                    above <- above + 1

        let mutable tiesLeft = kept - above
        let ties = Array.zeroCreate pre.Rows

        for row in 0 .. pre.Rows - 1 do
            if tiesLeft > 0 then
                ties[row] <- min tiesLeft (countTies pre.Rows row limit)
                tiesLeft <- tiesLeft - ties[row]

        emit pre codes limits ties
        let smallest = if kept = 0 then 0.0f else limit
        bound <- 0.9f * smallest
        smallest

    /// The `k` largest positive entries of each row.
    member _.TopK(pre: Matrix, scale: float32[], k: int, codes: Codes) =
        largestOfRows signed pre scale k codes

    /// The `k` entries of each row that are largest by absolute value, none of them 0.
    member _.AbsTopK(pre: Matrix, scale: float32[], k: int, codes: Codes) =
        largestOfRows absolute pre scale k codes

    /// Every positive entry above its latent's threshold.
    member _.Above(pre: Matrix, threshold: float32[], codes: Codes) =
        // What lies above its own threshold lies above the least one.
        let least = if threshold.Length = 0 then 0.0f else max 0.0f (Array.min threshold)
        collectAll signed pre [||] least 0
        let rows = pre.Rows

        for piece in 0 .. pieces rows - 1 do
            let list = candidates[piece]

            for entry in 0 .. list.Count - 1 do
                if not (list.Value[entry] > threshold[list.Index[entry]]) then
                    list.Value[entry] <- 0.0f

        emit pre codes (Array.zeroCreate rows) (Array.zeroCreate rows)

    /// Apply an activation. `scale` is `Select.scale` of the SAE. Returns the smallest compared value that
    /// BatchTopK kept, 0 for the other activations.
    member selector.Apply
        (activation: Activation, sae: Sae, scale: float32[], pre: Matrix, codes: Codes)
        : float32 =
        match activation with
        | Activation.BatchTopK(k, _) ->
            selector.BatchTopK(pre, scale, Select.batchCount k pre.Rows pre.Cols, codes)
        | other ->
            match other with
            | Activation.TopK(k, _) -> selector.TopK(pre, scale, k, codes)
            | Activation.AbsTopK(k, _) -> selector.AbsTopK(pre, scale, k, codes)
            | Activation.JumpRelu threshold -> selector.Above(pre, threshold, codes)
            | _ -> selector.Above(pre, Array.zeroCreate sae.Latents, codes)

            match other with
            | Activation.Gated(scale, bias) -> Select.magnitudes sae scale bias codes
            | _ -> ()

            0.0f

    /// Apply the SAE's own activation.
    member selector.Run(sae: Sae, scale: float32[], pre: Matrix, codes: Codes) : float32 =
        selector.Apply(sae.Activation, sae, scale, pre, codes)
