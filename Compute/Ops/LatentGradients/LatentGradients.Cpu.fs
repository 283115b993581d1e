namespace SynthSae.Compute.Ops

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// Codes by latent: for each latent the samples that use it, ascending.
[<Sealed>]
type LatentLists() =
    let mutable start: int[] = [||]
    let mutable sample: int[] = [||]
    let mutable value: float32[] = [||]
    let mutable next: int[] = [||]

    /// (L+1): where each latent's list starts.
    member _.Start = start

    /// (nnz): sample of each entry.
    member _.Sample = sample

    /// (nnz): code of each entry.
    member _.Value = value

    /// Transpose a batch.
    member _.Fill(codes: Codes) =
        let latents = codes.Width

        if start.Length <> latents + 1 then
            start <- Array.zeroCreate (latents + 1)
            next <- Array.zeroCreate latents

        if sample.Length < codes.Count then
            sample <- Array.zeroCreate (2 * codes.Count)
            value <- Array.zeroCreate (2 * codes.Count)

        Array.Clear start

        for entry in 0 .. codes.Count - 1 do
            let latent = codes.Index[entry]
            start[latent + 1] <- start[latent + 1] + 1

        for latent in 0 .. latents - 1 do
            start[latent + 1] <- start[latent + 1] + start[latent]
            next[latent] <- start[latent]

        for row in 0 .. codes.Rows - 1 do
            for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                let place = next[codes.Index[entry]]
                sample[place] <- row
                value[place] <- codes.Value[entry]
                next[codes.Index[entry]] <- place + 1

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

    /// total ← total + sign·Σ weight·row over the rows of a matrix, in pieces of fixed size whose partial sums are
    /// added in order.
    let private weightedRowSum
        threads
        (rows: Matrix)
        (weight: int -> float32)
        (total: float[])
        sign
        =
        let pieces = (rows.Rows + Grain - 1) / Grain
        let partial = Matrix(pieces, rows.Cols)

        Threads.ranges threads rows.Rows Grain (fun _ first last ->
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
                total[d] <- total[d] + sign * float sums[d]

    /// db_dec from the error and the finished db_enc.
    let decoderBias threads (sae: Sae) (error: Matrix) (factor: float32) (gradients: Gradients) =
        let total: float[] = Array.zeroCreate sae.Dim
        weightedRowSum threads error (fun _ -> 1.0f) total (float factor)

        if sae.ApplyDecoderBiasToInput then
            weightedRowSum
                threads
                sae.Encoder
                (fun latent -> gradients.EncoderBias[latent])
                total
                -1.0

        for d in 0 .. sae.Dim - 1 do
            gradients.DecoderBias[d] <- float32 total[d]

    /// Encoder, decoder and encoder-bias gradients at the given lists.
    let run
        threads
        (sae: Sae)
        (centred: Matrix)
        (lists: LatentLists)
        (error: Matrix)
        (factor: float32)
        (gradients: Gradients)
        =
        let dim = sae.Dim

        Threads.ranges threads sae.Latents Grain (fun _ first last ->
            for latent in first .. last - 1 do
                gradients.Decoder.Row(latent).Clear()
                gradients.Encoder.Row(latent).Clear()
                let mutable bias = 0.0f
                let stop = lists.Start[latent + 1]

                for entry in lists.Start[latent] .. stop - 1 do
                    let row = lists.Sample[entry]

                    if entry + 1 < stop then
                        Simd.prefetch (error.RowPtr lists.Sample[entry + 1]) dim
                        Simd.prefetch (centred.RowPtr lists.Sample[entry + 1]) dim

                    let slope =
                        factor
                        * accumulate
                            (factor * lists.Value[entry])
                            (error.RowPtr row)
                            (sae.Decoder.RowPtr latent)
                            (gradients.Decoder.RowPtr latent)
                            dim

                    Simd.addScaled slope (centred.RowPtr row) (gradients.Encoder.RowPtr latent) dim
                    bias <- bias + slope

                gradients.EncoderBias[latent] <- bias)
