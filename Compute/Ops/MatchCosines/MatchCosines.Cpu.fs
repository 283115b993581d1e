namespace SynthSae.Compute.Ops

open System.Numerics
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// The product of unit rows by blocks of others, so that a block of cosines is scanned while it is in
/// the cache and the whole (R, N) is never stored. The lists' thresholds let almost every vector of 16
/// cosines pass with one comparison.
module MatchCosinesCpu =
    /// Cosines held at a time: 32 MB.
    let private blockElements = 1 <<< 23

    /// Rows that one piece of a scan looks after: their thresholds and lists stay in L2.
    let private scanRows = 512

    /// target = source · scale.
    let private scale
        count
        (source: nativeptr<float32>)
        (scale: float32)
        (target: nativeptr<float32>)
        =
        let mutable i = 0

        while i + 16 <= count do
            Vector512.Store(Vector512.Load(NativePtr.add source i) * scale, NativePtr.add target i)
            i <- i + 16

        while i < count do
            NativePtr.set target i (NativePtr.get source i * scale)
            i <- i + 1

    /// units ← the selected rows, as many as `units` has, each divided by its norm.
    let private fillUnits threads (matrix: Matrix) (selected: int -> int) (units: Matrix) =
        Threads.ranges threads units.Rows 64 (fun _ first last ->
            for row in first .. last - 1 do
                let source = selected row
                let inverse = float32 (1.0 / MatchCosines.norm matrix source)
                scale matrix.Cols (matrix.RowPtr source) inverse (units.RowPtr row))

    let private unitRows threads (matrix: Matrix) selected count =
        let units = Matrix(count, matrix.Cols)
        fillUnits threads matrix selected units
        units

    /// Offer cosines[i, first … last−1] of the others firstOther + i to the lists of the rows first … last−1.
    let private scan
        (cosines: Matrix)
        firstOther
        (candidates: Candidates)
        (thresholds: Matrix)
        first
        last
        =
        let threshold = thresholds.Ptr

        let offer row other (cosine: float32) =
            Candidates.offer candidates row other cosine
            NativePtr.set threshold row (Candidates.threshold candidates row)

        for i in 0 .. cosines.Rows - 1 do
            let source = cosines.RowPtr i
            let mutable row = first

            while row + 16 <= last do
                let cosine = Vector512.Abs(Vector512.Load(NativePtr.add source row))
                let limit = Vector512.Load(NativePtr.add threshold row)

                let mutable above =
                    Vector512.ExtractMostSignificantBits(Vector512.GreaterThan(cosine, limit))

                while above <> 0UL do
                    let lane = BitOperations.TrailingZeroCount above
                    offer (row + lane) (firstOther + i) (abs (NativePtr.get source (row + lane)))
                    above <- above &&& (above - 1UL)

                row <- row + 16

            while row < last do
                let cosine = abs (NativePtr.get source row)

                if cosine > NativePtr.get threshold row then
                    offer row (firstOther + i) cosine

                row <- row + 1

    /// `nearest`; `watch` is handed the cosines (O, R), with their sign, of each block of others with all rows, beside
    /// the first of these others. They are overwritten afterwards.
    let nearestWatched
        (watch: int -> Matrix -> unit)
        threads
        (rows: Matrix)
        (others: Matrix)
        count
        =
        let count = MatchCosines.check rows others count
        let units = unitRows threads rows id rows.Rows
        let candidates = Candidates.empty rows.Rows others.Rows count
        let thresholds = Matrix.init 1 rows.Rows (fun _ _ -> -1.0f)
        let block = max 64 (blockElements / max 1 rows.Rows) |> min others.Rows
        let mutable part = Matrix(block, others.Cols)
        let mutable cosines = Matrix(block, rows.Rows)

        if count > 0 then
            for first in 0..block .. others.Rows - 1 do
                let size = min block (others.Rows - first)

                if size < block then
                    part <- Matrix(size, others.Cols)
                    cosines <- Matrix(size, rows.Rows)

                fillUnits threads others (fun row -> first + row) part
                let current = cosines
                GemmCpu.multiply threads false part true units current
                watch first current

                Threads.ranges threads rows.Rows scanRows (fun _ firstRow lastRow ->
                    scan current first candidates thresholds firstRow lastRow)

        candidates

    /// The `count` nearest others of each row.
    let nearest threads rows others count =
        nearestWatched (fun _ _ -> ()) threads rows others count

    /// |cos| (selected, N) of some rows with all others, as a function that keeps the others' unit rows.
    let weights threads (rows: Matrix) (others: Matrix) =
        MatchCosines.check rows others 0 |> ignore
        let unitOthers = lazy unitRows threads others id others.Rows

        fun (selected: int[]) ->
            let result = Matrix(selected.Length, others.Rows)
            let units = unitRows threads rows (fun row -> selected[row]) selected.Length
            GemmCpu.multiply threads false units true unitOthers.Value result

            Threads.iter threads selected.Length (fun _ row ->
                let elements = result.Row row

                for column in 0 .. elements.Length - 1 do
                    elements[column] <- abs elements[column])

            result
