namespace SynthSae.Compute

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute.Ops

/// How much feature directions overlap (reference: `compute_superposition_stats`).
type SuperpositionStatistics =
    {
        /// N.
        NumFeatures: int
        /// D.
        HiddenDim: int
        /// ρ_mm: mean over features of the largest |cos| to another feature.
        MeanMaxAbsCos: float
        /// Mean |cos| over pairs of features.
        MeanAbsCos: float
        /// The percentiles taken, in [0, 100].
        Percentiles: float[]
        /// For each percentile, the mean over features of that percentile of |cos| to the others.
        MeanPercentileAbsCos: float[]
        /// (N): the largest |cos| of each feature to another.
        MaxAbsCos: float32[]
        /// For each percentile (N): that percentile of |cos| of each feature to the others.
        PercentileAbsCos: float32[][]
    }

module Superposition =
    /// The reference's percentiles.
    let defaultPercentiles = [| 95.0; 99.0 |]

    /// Elements of a block of the cosine matrix: 64 MB.
    [<Literal>]
    let private BlockElements = 16_777_216

    /// Replace values by their magnitude; their sum, and the largest.
    let private magnitudes (row: nativeptr<float32>) (length: int) : struct (float * float32) =
        let mutable low = Vector512<float>.Zero
        let mutable high = Vector512<float>.Zero
        let mutable largest = Vector512<float32>.Zero
        let mutable i = 0

        while i + Simd.Lanes <= length do
            let x = Vector512.Abs(Vector512.Load(NativePtr.add row i))
            let struct (a, b) = Vector512.Widen x
            low <- low + a
            high <- high + b
            largest <- Vector512.Max(largest, x)
            Vector512.Store(x, NativePtr.add row i)
            i <- i + Simd.Lanes

        let mutable sum = Simd.sumDoubleLanes (low + high)
        let mutable top = 0.0f

        for lane in 0 .. Simd.Lanes - 1 do
            top <- max top largest[lane]

        while i < length do
            let x = abs (NativePtr.get row i)
            sum <- sum + float x
            top <- max top x
            NativePtr.set row i x
            i <- i + 1

        struct (sum, top)

    let private multiplyTransposed backend a b c =
        match Backend.hostThreads backend with
        | None -> GemmReference.multiply false a true b c
        | Some threads -> GemmCpu.multiply threads false a true b c

    /// `visit worker row cosines` with the cosines of each row to the N−1 others, in no fixed order.
    let private forEachRow
        backend
        (unit: Matrix)
        (visit: int -> int -> nativeptr<float32> -> unit)
        =
        let n = unit.Rows
        let blocks = (n - 1) / (max 64 (BlockElements / n)) + 1
        let size = (n - 1) / blocks + 1
        let threads = Backend.threads backend

        for first in 0..size .. n - 1 do
            let rows = min size (n - first)
            let block = Matrix.zeros rows unit.Cols
            let cosines = Matrix.zeros rows n
            unit.Span.Slice(first * unit.Cols, block.Length).CopyTo block.Span
            multiplyTransposed backend block unit cosines

            Threads.iter threads rows (fun worker row ->
                cosines[row, first + row] <- cosines[row, n - 1]
                visit worker (first + row) (cosines.RowPtr row))

    /// Statistics of a dictionary (N, D) at the given percentiles. Raises `BadInput` for N < 2.
    let statisticsAt (percentiles: float[]) (backend: Backend) (dictionary: Matrix) =
        let n = dictionary.Rows

        if n < 2 then
            raise (BadInput("superposition", $"needs at least 2 features (got {n})"))

        let threads = Backend.threads backend
        let unit = Matrix.copy dictionary
        Rows.normalise threads unit
        let scratch = Array.init threads (fun _ -> OrderStatistics())
        let sums: float[] = Array.zeroCreate n
        let largest: float32[] = Array.zeroCreate n
        let quantiles: float32[][] = percentiles |> Array.map (fun _ -> Array.zeroCreate n)

        forEachRow backend unit (fun worker row cosines ->
            let struct (sum, top) = magnitudes cosines (n - 1)
            sums[row] <- sum
            largest[row] <- top
            scratch[worker].Load(cosines, n - 1)

            for i in 0 .. percentiles.Length - 1 do
                quantiles[i][row] <- float32 (scratch[worker].Quantile(percentiles[i] / 100.0)))

        { NumFeatures = n
          HiddenDim = dictionary.Cols
          MeanMaxAbsCos = largest |> Array.averageBy float
          MeanAbsCos = Array.sum sums / (float n * float (n - 1))
          Percentiles = percentiles
          MeanPercentileAbsCos = quantiles |> Array.map (Array.averageBy float)
          MaxAbsCos = largest
          PercentileAbsCos = quantiles }

    /// Statistics of a dictionary (N, D) at the 95th and 99th percentile. Raises `BadInput` for N < 2.
    let statistics (backend: Backend) (dictionary: Matrix) =
        statisticsAt defaultPercentiles backend dictionary
