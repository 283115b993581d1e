namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda

/// One product and one ranking for each block of rows; what comes to the host is the lists.
module MatchCosinesCuda =
    /// Sizes of the kernels' tiles (MATCH_TILE, MATCH_DEPTH).
    [<Literal>]
    let private Tile = 128

    [<Literal>]
    let private Depth = 16

    /// The longest list of a row.
    [<Literal>]
    let MostCandidates = 32

    /// Cosines held at a time: 32 MB, which the L2 cache of a large GPU holds.
    let private blockElements = 1 <<< 23

    let private upTo multiple count =
        (count + multiple - 1) / multiple * multiple

    /// Unit rows of all rows, or of the selected ones, in whole tiles.
    let private unitRows (gpu: Gpu) (matrix: DeviceMatrix) (selected: int[] option) =
        let rows = selected |> Option.map _.Length |> Option.defaultValue matrix.Rows
        let padded = max Depth (upTo Depth matrix.Cols)
        let units = DeviceMatrix(gpu, upTo Tile rows, padded)
        use places = selected |> Option.defaultValue [||] |> DeviceArray.ofArray gpu
        use squares = new DeviceArray<float>(gpu, rows)

        gpu.Launch(
            "match_units",
            units.Rows,
            128,
            [ matrix.Arg
              places.Arg
              units.Arg
              squares.Arg
              Arg.Of rows
              Arg.Of matrix.Cols
              Arg.Of padded ]
        )

        squares.Download()
        |> Array.iteri (fun i squared ->
            let row = selected |> Option.map (Array.item i) |> Option.defaultValue i
            MatchCosines.normOf row squared |> ignore)

        units

    /// Rows of cosines with all others that are held at a time.
    let private blockRows elements rows stride =
        max Tile (elements / stride / Tile * Tile) |> min (upTo Tile rows)

    /// Hand every block of |cos| (block, stride) to `take`, with its first row and its number of rows.
    let private forEachBlock
        (gpu: Gpu)
        elements
        (units: DeviceMatrix)
        (others: DeviceMatrix)
        rows
        take
        =
        let block = blockRows elements rows others.Rows
        let cosines = DeviceMatrix(gpu, block, others.Rows)
        use _ = cosines.Elements

        for first in 0..block .. rows - 1 do
            let count = min block (rows - first)

            gpu.Launch(
                "match_product",
                struct (others.Rows / Tile, upTo Tile count / Tile),
                256,
                0,
                [ units.FromRow first
                  others.Arg
                  cosines.Arg
                  Arg.Of units.Cols
                  Arg.Of others.Rows ]
            )

            take first count cosines

    let private candidates rows cols count (keys: uint64[]) : Candidates =
        { Rows = rows
          Cols = cols
          Count = count
          Index = keys |> Array.map (fun key -> int ~~~(uint32 key))
          Weight =
            keys |> Array.map (fun key -> BitConverter.UInt32BitsToSingle(uint32 (key >>> 32))) }

    /// `nearest` with at most so many cosines held at a time, but at least those of a tile of rows.
    let nearestWithin
        (elements: int)
        (gpu: Gpu)
        (rows: DeviceMatrix)
        (others: DeviceMatrix)
        count
        : Candidates =
        let count = MatchCosines.checkSizes rows.Cols others.Cols others.Rows count

        if count > MostCandidates then
            invalidArg (nameof count) $"lists of {count} are longer than {MostCandidates}"

        if count = 0 || rows.Rows = 0 then
            Candidates.empty rows.Rows others.Rows count
        else
            let units, unitOthers = unitRows gpu rows None, unitRows gpu others None
            use _ = units.Elements
            use _ = unitOthers.Elements
            use keys = new DeviceArray<uint64>(gpu, rows.Rows * count)

            forEachBlock gpu elements units unitOthers rows.Rows (fun first size cosines ->
                gpu.Launch(
                    "match_top",
                    size,
                    256,
                    [ cosines.Arg
                      keys.From(int64 first * int64 count)
                      Arg.Of others.Rows
                      Arg.Of cosines.Cols
                      Arg.Of count ]
                ))

            candidates rows.Rows others.Rows count (keys.Download())

    /// The `count` nearest others of each row, at most `MostCandidates`.
    let nearest gpu rows others count =
        nearestWithin blockElements gpu rows others count

    /// |cos| (selected, N) of some rows with all others, as a function that keeps the others' unit rows: the bits
    /// of `nearest`.
    let weights (gpu: Gpu) (rows: DeviceMatrix) (others: DeviceMatrix) : int[] -> Matrix =
        MatchCosines.checkSizes rows.Cols others.Cols others.Rows 0 |> ignore
        let unitOthers = lazy unitRows gpu others None

        fun (selected: int[]) ->
            let result = Matrix(selected.Length, others.Rows)

            if result.Length > 0 then
                let units = unitRows gpu rows (Some selected)
                use _ = units.Elements

                let blocks = forEachBlock gpu blockElements units unitOthers.Value selected.Length

                blocks (fun first size cosines ->
                    let host = (cosines.Top size).ToMatrix()

                    for row in 0 .. size - 1 do
                        host.Row(row).Slice(0, result.Cols).CopyTo(result.Row(first + row)))

            result
