namespace SynthSae.Compute.Ops

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

module LatentGradientsCpu =
    /// Latents per piece of work.
    [<Literal>]
    let Grain = 64

    /// gradient ← gradient + value·error, and the result error·decoder, in one pass over `error`.
    let private accumulate
        value
        (error: nativeptr<float32>)
        (decoder: nativeptr<float32>)
        (gradient: nativeptr<float32>)
        length
        =
        let factor = Vector512.Create(value: float32)
        let mutable sum0 = Vector512<float32>.Zero
        let mutable sum1 = Vector512<float32>.Zero
        let mutable i = 0

        while i + 32 <= length do
            let e0 = Vector512.Load(NativePtr.add error i)
            let e1 = Vector512.Load(NativePtr.add error (i + 16))
            let g0 = NativePtr.add gradient i
            let g1 = NativePtr.add gradient (i + 16)
            Vector512.Store(Vector512.FusedMultiplyAdd(factor, e0, Vector512.Load g0), g0)
            Vector512.Store(Vector512.FusedMultiplyAdd(factor, e1, Vector512.Load g1), g1)
            sum0 <- Vector512.FusedMultiplyAdd(e0, Vector512.Load(NativePtr.add decoder i), sum0)

            sum1 <-
                Vector512.FusedMultiplyAdd(e1, Vector512.Load(NativePtr.add decoder (i + 16)), sum1)

            i <- i + 32

        let rest = length - i
        let rowError = NativePtr.add error i
        Simd.addScaled value rowError (NativePtr.add gradient i) rest
        Simd.sumLanes (sum0 + sum1) + Simd.dot rowError (NativePtr.add decoder i) rest

    /// total ← total + factor·Σ_i weight(i)·row i over the first `count` rows of a matrix, in pieces of fixed size
    /// whose partial sums are added in order.
    let addRows
        threads
        (rows: Matrix)
        (count: int)
        (weight: int -> float32)
        (factor: float)
        (total: float[])
        =
        let pieces = (count + Grain - 1) / Grain
        let partial = Matrix(pieces, rows.Cols)

        Threads.ranges threads count Grain (fun _ first last ->
            for row in first .. last - 1 do
                if weight row <> 0.0f then
                    Simd.addScaled
                        (weight row)
                        (rows.RowPtr row)
                        (partial.RowPtr(first / Grain))
                        rows.Cols)

        for piece in 0 .. pieces - 1 do
            let sums = partial.Row piece

            for d in 0 .. rows.Cols - 1 do
                total[d] <- total[d] + factor * float sums[d]

    /// db_dec = Σ over `outputs` of factor·Σ of the first B rows, less what came through the encoder by
    /// `through` (L), the slopes of latents summed over the batch.
    let decoderBias
        threads
        (sae: Sae)
        batch
        (outputs: struct (Matrix * float) list)
        (through: float32[])
        (gradient: float32[])
        =
        let total: float[] = Array.zeroCreate sae.Dim

        for struct (rows, factor) in outputs do
            addRows threads rows batch (fun _ -> 1.0f) factor total

        if sae.ApplyDecoderBiasToInput then
            addRows threads sae.Encoder sae.Encoder.Rows (Array.get through) -1.0 total

        for d in 0 .. sae.Dim - 1 do
            gradient[d] <- float32 total[d]

    /// Entry by entry.
    let private runSparse
        threads
        (sae: Sae)
        (path: LatentPath)
        (lists: LatentLists)
        (adds: bool)
        (encoder: Matrix)
        (decoder: Matrix)
        (bias: float32[])
        =
        let dim = sae.Dim
        let factor = path.Factor

        Threads.ranges threads sae.Latents Grain (fun _ first last ->
            for latent in first .. last - 1 do
                if not adds then
                    decoder.Row(latent).Clear()
                    encoder.Row(latent).Clear()

                let firstRow = path.FirstRow latent

                let scale =
                    if path.EncoderScale.Length = 0 then 1.0f else path.EncoderScale[latent]

                let mutable sum = 0.0f
                let stop = lists.Start[latent + 1]

                for entry in lists.Start[latent] .. stop - 1 do
                    let row = lists.Sample[entry]

                    if entry + 1 < stop then
                        let next = lists.Sample[entry + 1]
                        Simd.prefetch (path.Error.RowPtr(firstRow + next)) dim
                        Simd.prefetch (path.Input.RowPtr next) dim

                    let error = path.Error.RowPtr(firstRow + row)

                    let byCode =
                        if lists.Value[entry] = 0.0f then
                            factor * Simd.dot error (sae.Decoder.RowPtr latent) dim
                        else
                            factor
                            * accumulate
                                (factor * lists.Value[entry])
                                error
                                (sae.Decoder.RowPtr latent)
                                (decoder.RowPtr latent)
                                dim

                    let slope = lists.Gate entry * byCode + lists.Extra entry
                    lists.ByCode[entry] <- byCode
                    lists.Slope[entry] <- slope

                    if slope <> 0.0f then
                        Simd.addScaled
                            (scale * slope)
                            (path.Input.RowPtr row)
                            (encoder.RowPtr latent)
                            dim

                    sum <- sum + slope

                bias[latent] <- if adds then bias[latent] + sum else sum)

    /// The slopes of a latent's entries from the gradients by its code, kept in the lists; their sum.
    let private slopesOf
        (lists: LatentLists)
        latent
        (byCode: int -> float32)
        (found: int -> float32 -> unit)
        =
        let mutable sum = 0.0f

        for entry in lists.Start[latent] .. lists.Start[latent + 1] - 1 do
            let byCode = byCode lists.Sample[entry]
            let slope = lists.Gate entry * byCode + lists.Extra entry
            lists.ByCode[entry] <- byCode
            lists.Slope[entry] <- slope
            found entry slope
            sum <- sum + slope

        sum

    /// whole ← factor·part, or whole + factor·part.
    let private give threads adds factor (part: Matrix) (whole: Matrix) =
        Threads.ranges threads whole.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                let target = whole.RowPtr row
                let kept = if adds then 1.0f else 0.0f
                Simd.combine factor (part.RowPtr row) kept target target whole.Cols)

    /// By dense products, which are cheaper where a good part of all entries takes part: all latents see the first
    /// block of errors.
    let private runDense
        threads
        (sae: Sae)
        (path: LatentPath)
        (lists: LatentLists)
        (adds: bool)
        (encoder: Matrix)
        (decoder: Matrix)
        (bias: float32[])
        =
        let rows, latents = path.Input.Rows, sae.Latents
        let values, slopes = Matrix(latents, rows), Matrix(latents, rows)
        let byCode = Matrix(latents, rows)
        GemmCpu.multiply threads false sae.Decoder true path.Error byCode

        Threads.ranges threads latents Grain (fun _ first last ->
            for latent in first .. last - 1 do
                let scale =
                    if path.EncoderScale.Length = 0 then 1.0f else path.EncoderScale[latent]

                let sum =
                    slopesOf
                        lists
                        latent
                        (fun row -> path.Factor * byCode[latent, row])
                        (fun entry slope ->
                            values[latent, lists.Sample[entry]] <- lists.Value[entry]
                            slopes[latent, lists.Sample[entry]] <- scale * slope)

                bias[latent] <- if adds then bias[latent] + sum else sum)

        let part = Matrix(latents, sae.Dim)
        GemmCpu.multiply threads false values false path.Error part
        give threads adds path.Factor part decoder
        GemmCpu.multiply threads false slopes false path.Input part
        give threads adds 1.0f part encoder

    /// The gradients at the given lists: added to `encoder`, `decoder` (L, D) and `bias` (L) or, where not
    /// `adds`, written over them. The slopes of entries stay in the lists.
    let run
        threads
        (sae: Sae)
        (path: LatentPath)
        (lists: LatentLists)
        (adds: bool)
        (encoder: Matrix)
        (decoder: Matrix)
        (bias: float32[])
        =
        let entries = lists.Start[sae.Latents]
        let oneBlock = path.Error.Rows = path.Input.Rows

        if oneBlock && LatentGradients.isDense entries path.Input.Rows sae.Latents then
            runDense threads sae path lists adds encoder decoder bias
        else
            runSparse threads sae path lists adds encoder decoder bias
