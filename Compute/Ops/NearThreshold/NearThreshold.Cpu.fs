namespace SynthSae.Compute.Ops

open System.Numerics
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

module NearThresholdCpu =
    [<Literal>]
    let private Grain = 32

    /// Call `found` for each latent of a row that may be one of them, ascending; the rule itself decides.
    let inline private scan
        (row: nativeptr<float32>)
        (lowest: nativeptr<float32>)
        length
        ([<InlineIfLambda>] found: int -> unit)
        =
        let mutable col = 0

        while col + Simd.Lanes <= length do
            let mutable above =
                Vector512
                    .GreaterThanOrEqual(
                        Vector512.Load(NativePtr.add row col),
                        Vector512.Load(NativePtr.add lowest col)
                    )
                    .ExtractMostSignificantBits()

            while above <> 0UL do
                found (col + BitOperations.TrailingZeroCount above)
                above <- above &&& (above - 1UL)

            col <- col + Simd.Lanes

        while col < length do
            if NativePtr.get row col >= NativePtr.get lowest col then
                found col

            col <- col + 1

    /// The entries of pre (B, L), and `near` by entry.
    let run
        threads
        (bandwidth: float32)
        (threshold: float32[])
        (pre: Matrix)
        (codes: Codes)
        : float32[] =
        // A little lower than the rule, which rounds in its own way.
        let lowest =
            threshold
            |> Array.map (fun theta ->
                let low = theta - 0.5f * bandwidth
                low - 1e-5f * (abs theta + bandwidth))
            |> Matrix.ofArray 1 pre.Cols

        let counts: int[] = Array.zeroCreate (pre.Rows + 1)

        Threads.ranges threads pre.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                let mutable count = 0
                let values = pre.RowPtr row

                scan values lowest.Ptr pre.Cols (fun j ->
                    if NearThreshold.counts bandwidth (NativePtr.get values j) threshold[j] then
                        count <- count + 1)

                counts[row + 1] <- count)

        for row in 0 .. pre.Rows - 1 do
            counts[row + 1] <- counts[row + 1] + counts[row]

        codes.Reset(pre.Rows, counts[pre.Rows])
        System.Array.Copy(counts, codes.RowStart, pre.Rows + 1)
        let near: float32[] = Array.zeroCreate counts[pre.Rows]
        let index, value = codes.Index, codes.Value

        Threads.ranges threads pre.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                let mutable next = counts[row]
                let values = pre.RowPtr row

                scan values lowest.Ptr pre.Cols (fun j ->
                    let a = NativePtr.get values j

                    if NearThreshold.counts bandwidth a threshold[j] then
                        index[next] <- j
                        value[next] <- if a > threshold[j] then a else 0.0f

                        near[next] <-
                            if NearThreshold.isNear bandwidth a threshold[j] then 1.0f else 0.0f

                        next <- next + 1))

        near
