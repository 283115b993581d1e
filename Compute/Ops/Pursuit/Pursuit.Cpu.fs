namespace SynthSae.Compute.Ops

open System
open System.Runtime.InteropServices
open FSharp.NativeInterop
open SynthSae.Compute

/// What one sample's pursuit has chosen so far.
[<Sealed>]
type private ChosenLatents() =
    /// j_1 … j_t.
    member val Latents = ResizeArray<int>()

    /// v_1 … v_t.
    member val Values = ResizeArray<float32>()

    member chosen.Clear() =
        chosen.Latents.Clear()
        chosen.Values.Clear()

/// Matching pursuit on the CPU. Scores W·r say which latent comes next; its value is computed from the residual
/// itself, which is kept beside the scores, so that values and norms carry no error of the scores.
///
/// With the Gram matrix G = W Wᵀ (L ≤ `MostLatents`) an iteration subtracts v·G_j from the sample's scores, in cache.
/// Their rounding errors add up; a bound on them is carried along, and when it reaches `MostDrift` of the largest
/// score, the sample's scores are computed anew. So a choice is the best within that share, however small the residual
/// becomes. Without G, or when the batches are too small to pay for it, all samples' scores come from one product per
/// iteration. The object keeps buffers and G between batches; `DecoderChanged` says that G no longer holds.
[<Sealed>]
type PursuitCpu(threads: int, sae: Sae) =
    /// Above this many latents the Gram matrix would need more than 1 GiB.
    static let mostLatents = 16384

    /// Bound on the scores' error, relative to the largest score.
    static let mostDrift = 1.0 / 256.0

    /// Rounding error of a score, per unit of the norms that make it: a few roundings, as sums of rounding errors go.
    static let rounding = 2.0 ** -23.0

    static let samplesAtATime = 1024
    static let grain = 8

    let latents, dim = sae.Latents, sae.Dim
    let gradients = PursuitGradients(threads, sae)
    let mutable chosen: ChosenLatents[] = [||]
    let mutable residual = Matrix(0, dim)
    let mutable scores = Matrix(0, latents)
    let mutable gram = Matrix(0, 0)
    let mutable gramHolds = false
    let mutable largestNorm = 0.0
    let mutable samplesSeen = 0L

    let reserve samples =
        if chosen.Length < samples then
            chosen <-
                Array.init samples (fun i ->
                    if i < chosen.Length then chosen[i] else ChosenLatents())

        let block = min samples samplesAtATime

        if residual.Rows <> block then
            residual <- Matrix(block, dim)
            scores <- Matrix(block, latents)

    /// The product per iteration costs 2·D·L per sample, the Gram matrix D·L² once.
    let gramPays (limits: PursuitLimits) samples =
        samplesSeen <- samplesSeen + int64 samples
        let iterations = int64 (min limits.MaxIterations 16)
        latents <= mostLatents && int64 latents <= 2L * iterations * samplesSeen

    let makeGram () =
        if gram.Rows = 0 then
            gram <- Matrix(latents, latents)

        GemmCpu.gram threads sae.Decoder gram

        largestNorm <-
            Math.Sqrt(Seq.max (Seq.init latents (fun latent -> float gram[latent, latent])))

        gramHolds <- true

    let squaredNorm (r: nativeptr<float32>) =
        Rows.squaredNorm (ReadOnlySpan(NativePtr.toVoidPtr r, dim))

    /// One iteration of a sample, with the latent of the largest score: value, ‖r‖², and whether another follows.
    let iterate limits (sample: ChosenLatents) (r: nativeptr<float32>) latent =
        let weights = sae.Decoder.RowPtr latent
        let value = Simd.dot r weights dim

        if value > 0.0f then
            Simd.addScaled -value weights r dim
            let square = squaredNorm r
            let before = CollectionsMarshal.AsSpan sample.Latents
            let isLast = Pursuit.isLast limits (Span.op_Implicit before) latent square
            sample.Latents.Add latent
            sample.Values.Add value
            struct (value, square, not isLast)
        else
            struct (0.0f, 0.0, false)

    let rescore (r: nativeptr<float32>) (s: nativeptr<float32>) =
        for latent in 0 .. latents - 1 do
            NativePtr.set s latent (Simd.dot r (sae.Decoder.RowPtr latent) dim)

    /// A sample's pursuit from its residual r and scores s.
    let pursue limits sample (r: nativeptr<float32>) (s: nativeptr<float32>) =
        let errorOf square =
            rounding * largestNorm * Math.Sqrt square

        let mutable drift = errorOf (squaredNorm r)
        let mutable isFresh = true
        let mutable best = PursuitKernels.largest s latents
        let mutable goesOn = true

        while goesOn do
            let struct (latent, score) = best

            if not isFresh && drift > mostDrift * float score then
                rescore r s
                drift <- errorOf (squaredNorm r)
                isFresh <- true
                best <- PursuitKernels.largest s latents
            elif latent < 0 then
                goesOn <- false
            else
                let struct (value, square, another) = iterate limits sample r latent
                goesOn <- another

                if another then
                    best <- PursuitKernels.subtractLargest value (gram.RowPtr latent) s latents

                    drift <-
                        drift + errorOf square + rounding * float value * largestNorm * largestNorm

                    isFresh <- false

    let pursueAll limits first count =
        GemmCpu.multiply threads false residual true sae.Decoder scores

        Threads.ranges threads count grain (fun _ from stop ->
            for row in from .. stop - 1 do
                pursue limits chosen[first + row] (residual.RowPtr row) (scores.RowPtr row))

    /// The same by one product per iteration; `samples` names the sample of each row of r, or −1 when it is finished.
    let rec pursueByProducts limits (r: Matrix) (s: Matrix) (samples: int[]) =
        GemmCpu.multiply threads false r true sae.Decoder s

        Threads.ranges threads samples.Length grain (fun _ from stop ->
            for row in from .. stop - 1 do
                if samples[row] >= 0 then
                    let struct (latent, _) = PursuitKernels.largest (s.RowPtr row) latents

                    let struct (_, _, another) =
                        if latent < 0 then
                            struct (0.0f, 0.0, false)
                        else
                            iterate limits chosen[samples[row]] (r.RowPtr row) latent

                    if not another then
                        samples[row] <- -1)

        let left = samples |> Array.indexed |> Array.filter (fun (_, sample) -> sample >= 0)

        if left.Length > 0 then
            if 4 * left.Length > 3 * samples.Length then
                pursueByProducts limits r s samples
            else
                let fewer = Matrix(left.Length, dim)
                left |> Array.iteri (fun row (from, _) -> r.Row(from).CopyTo(fewer.Row row))
                pursueByProducts limits fewer (Matrix(left.Length, latents)) (Array.map snd left)

    /// The chosen latents of all samples as one path.
    let writePath samples (path: Codes) =
        path.Reset(samples, chosen |> Seq.take samples |> Seq.sumBy _.Latents.Count)
        path.RowStart[0] <- 0

        for sample in 0 .. samples - 1 do
            let first = path.RowStart[sample]
            chosen[sample].Latents.CopyTo(path.Index, first)
            chosen[sample].Values.CopyTo(path.Value, first)
            path.RowStart[sample + 1] <- first + chosen[sample].Latents.Count

    /// The decoder has other values than at the last batch.
    member _.DecoderChanged() =
        gramHolds <- false
        samplesSeen <- 0L

    /// Path and codes of x' (B, D).
    member _.Encode(limits: PursuitLimits, centred: Matrix, path: Codes, codes: Codes) =
        Pursuit.check sae centred path codes
        reserve centred.Rows

        if not gramHolds && gramPays limits centred.Rows then
            makeGram ()

        for first in 0..samplesAtATime .. centred.Rows - 1 do
            let count = min samplesAtATime (centred.Rows - first)

            for row in 0 .. count - 1 do
                chosen[first + row].Clear()
                centred.Row(first + row).CopyTo(residual.Row row)

            if gramHolds then
                pursueAll limits first count
            else
                let samples =
                    Array.init residual.Rows (fun row -> if row < count then first + row else -1)

                pursueByProducts limits residual scores samples

        writePath centred.Rows path
        Pursuit.merge path codes

    /// Adds the gradients of x̂'s gradient (B, D) at a path of x' to `decoderGradient` (L, D) and `biasGradient` (D).
    member _.Backward
        (
            centred: Matrix,
            path: Codes,
            outputGradient: Matrix,
            decoderGradient: Matrix,
            biasGradient: float32[]
        ) =
        gradients.Run(centred, path, outputGradient, decoderGradient, biasGradient)
