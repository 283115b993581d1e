namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Ops

/// Inputs of cases: pure functions of a seed.
module Inputs =
    /// A matrix of standard normal numbers.
    let normal (seed: int) rows cols =
        let matrix = Matrix(rows, cols)

        for row in 0 .. rows - 1 do
            Draw.normals (uint64 seed) Stream.Inspection Purpose.Bias (int64 row) (matrix.Row row)

        matrix

    /// Standard normal numbers.
    let normals (seed: int) length = (normal seed 1 length).Span.ToArray()

    /// A number rounded to bf16, as the GPU stores it.
    let bf16 (value: float32) =
        uint16 (BitConverter.SingleToUInt32Bits(Rounding.bf16 value) >>> 16)

    /// Codes of the given width whose rows have so many entries, by ascending index, above 0.
    let codes (seed: int) width (counts: int[]) =
        let random = Random seed
        let codes = Codes width
        codes.Reset(counts.Length, Array.sum counts)
        codes.RowStart[0] <- 0

        counts
        |> Array.iteri (fun row count ->
            let all = Array.init width id
            random.Shuffle all
            let taken = Array.sort all[.. count - 1]
            codes.RowStart[row + 1] <- codes.RowStart[row] + count

            for i in 0 .. count - 1 do
                codes.Index[codes.RowStart[row] + i] <- taken[i]
                codes.Value[codes.RowStart[row] + i] <- 0.1f + float32 (random.NextDouble()))

        codes
