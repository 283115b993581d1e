namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module MatchCosinesCases =
    /// Weights against the Reference backend; lists against the weights, of which they are the best exactly.
    let private agreement count (rows: Matrix) (others: Matrix) gpu =
        let deviceRows = DeviceMatrix.ofMatrix gpu rows
        let deviceOthers = DeviceMatrix.ofMatrix gpu others
        let all = [| 0 .. rows.Rows - 1 |]
        let expected = MatchCosinesReference.weights rows others all
        let ask = MatchCosinesCuda.weights gpu deviceRows deviceOthers
        let actual = ask all
        let allowed = 4.0 * sqrt (float rows.Cols) * 2.0 ** -24.0
        let lists = MatchCosinesCuda.nearestWithin 1 gpu deviceRows deviceOthers count
        let best = Candidates.ofMatrix count actual
        // Every third row alone, last first.
        let some = all |> Array.filter (fun row -> row % 3 = 0) |> Array.rev

        Agreement.all
            [ Agreement.matrix "weights" (fun _ _ -> allowed) expected actual
              Agreement.bits
                  "weights of some rows"
                  ((Rows.gather actual some).Span.ToArray())
                  ((ask some).Span.ToArray())
              Agreement.same "Index" best.Index lists.Index
              Agreement.bits "Weight" best.Weight lists.Weight ]

    let private case name count rows others =
        { Op = "MatchCosines"
          Name = name
          Run = fun gpu -> agreement count (rows ()) (others ()) gpu }

    let private normal name count rows others dim =
        case name count (fun () -> Inputs.normal 1 rows dim) (fun () -> Inputs.normal 2 others dim)

    /// Rows of which one in four repeats an earlier one, and one is 0.
    let private repeated seed rows dim =
        let matrix = Inputs.normal seed rows dim

        for row in 3..4 .. rows - 1 do
            matrix.Row(row / 4).CopyTo(matrix.Row row)

        matrix.Row(rows - 1).Clear()
        matrix

    /// Rows of norms from 1e−12, which counts as 1e−8, to 1e30.
    let private extreme seed rows dim =
        let matrix = Inputs.normal seed rows dim

        for row in 0 .. rows - 1 do
            Rows.scale (matrix.Row row) (10.0 ** float (row % 15 * 3 - 12))

        matrix

    let private notFinite =
        { Op = "MatchCosines"
          Name = "a row that is not finite"
          Run =
            fun gpu ->
                let others = Inputs.normal 2 9 8
                others[7, 3] <- infinityf
                let rows = DeviceMatrix.ofMatrix gpu (Inputs.normal 1 3 8)

                try
                    MatchCosinesCuda.nearest gpu rows (DeviceMatrix.ofMatrix gpu others) 4 |> ignore
                    Agreement.differs "no error"
                with BadInput(place, _) ->
                    Agreement.same "place" [| "row 7" |] [| place |] }

    /// Cases of the op.
    let cases =
        [ normal "one row, one other, one column" 32 1 1 1
          normal "odd sizes" 32 37 211 77
          normal "several tiles, and several blocks of rows" 32 300 260 48
          normal "more columns than a chunk" 5 7 1100 600
          normal "the nearest alone" 1 20 150 33
          normal "fewer others than candidates" 32 9 8 24
          normal "no rows" 8 0 5 4
          normal "no others" 8 5 0 4
          case "ties" 32 (fun () -> repeated 3 50 20) (fun () -> repeated 3 180 20)
          case "extreme norms" 16 (fun () -> extreme 4 30 64) (fun () -> extreme 5 45 64)
          case "sums of one sign" 8 (fun () -> Matrix.init 2 768 (fun _ _ -> 1.0f)) (fun () ->
              Matrix.init 3 768 (fun _ _ -> 3.0f))
          notFinite ]

    /// Lists of 32 for the assignment of the 16k benchmark.
    let timings: OpTiming list =
        let latents, features, dim = 4096, 16384, 768

        [ { Op = "MatchCosines"
            Name = "4096 x 16384, 32 candidates, fp32"
            Bytes = 4.0 * float (latents + features) * float dim
            Flops = 2.0 * float latents * float features * float dim
            Prepare =
              fun gpu ->
                  let decoder = DeviceMatrix.ofMatrix gpu (Inputs.normal 1 latents dim)
                  let dictionary = DeviceMatrix.ofMatrix gpu (Inputs.normal 2 features dim)
                  fun () -> MatchCosinesCuda.nearest gpu decoder dictionary 32 |> ignore } ]
